/** nginx as origin and as peer: one worker, upstream keep-alive, no logs; its best published form for this work. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answerBody, answerFields } from '../load/request.ts'

function conf(directory: string, name: string, body: string): string {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, `${name}.conf`)
  writeFileSync(
    file,
    `worker_processes 1; daemon off; pid ${join(directory, name)}.pid; error_log /dev/null;
events { worker_connections 16384; }
http { access_log off; keepalive_requests 1000000000; keepalive_timeout 300s;
${body}
}
`,
  )
  return file
}

export function originConf(directory: string, port: number): string {
  const fields = Object.entries(answerFields).map(([name, value]) => `add_header ${name} '${value}';`)
  return conf(
    directory,
    'origin',
    `server { listen 127.0.0.1:${port} backlog=4096;
location / { default_type application/json; ${fields.join(' ')} return 200 '${answerBody}'; } }`,
  )
}

export function proxyConf(directory: string, port: number, originPort: number): string {
  return conf(
    directory,
    'proxy',
    `upstream origin { server 127.0.0.1:${originPort}; keepalive 1024; keepalive_requests 1000000000; }
server { listen 127.0.0.1:${port} backlog=4096;
location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme; } }`,
  )
}
