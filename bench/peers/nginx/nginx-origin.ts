/** nginx as the origin: one fixed answer, whatever is asked, and bodies that are read and thrown away. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Scenario } from '../../load/scenario.ts'
import { answerBody, answerFields, answerType } from '../origin/answer.ts'
import type { Peer, Place } from '../peer.ts'
import { nginxCommand, nginxListen, nginxVersion } from './nginx-conf.ts'

/** A word of its configuration has to fit into 4096 bytes. */
const WORD_BYTES_MAX = 3000

export const nginxOrigin: Peer = {
  name: 'nginx',
  install: 'apt-get install nginx',
  isNode: false,
  version: nginxVersion,
  cannot: ({ answer, method }) => {
    if (answer.slowShare > 0) return 'it has no late answers'
    if (answer.bytes > WORD_BYTES_MAX && method !== 'GET') return 'it answers from a file to GET only'
    return ''
  },
  launch: (place, scenario) => ({ command: nginxCommand(place, 'origin', origin(place, scenario)), env: {} }),
}

function origin(place: Place, { answer }: Scenario): string {
  const fields = Object.entries(answerFields).map(([name, value]) => `add_header ${name} '${value}';`)
  const { bytes } = answer
  const content = bytes > WORD_BYTES_MAX ? file(place, bytes) : `return 200 '${answerBody(bytes)}';`
  return `
  types { }
  default_type ${answerType};
  client_max_body_size 0;
  client_body_buffer_size 64k;
  server {
    ${nginxListen(place)}
    location / {
      ${fields.join(' ')}
      ${content}
    }
  }`
}

/** The fields that only a file has are taken off, so that there are nine here too. */
function file({ directory }: Place, bytes: number): string {
  writeFileSync(join(directory, 'origin-answer'), answerBody(bytes))
  return `root ${directory}; rewrite ^ /origin-answer break; sendfile on; tcp_nopush on;
      open_file_cache max=8; max_ranges 0; if_modified_since off; add_header Last-Modified '';`
}
