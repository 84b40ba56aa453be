/** The scenarios of `npm run bench`. */
import { pathsOfTable } from './route-table.ts'
import { API_KEY, type Scenario } from './scenario.ts'

/** Ten fields, as a browser at a shop sends them; Host is the tenth. */
const BROWSER: Readonly<Record<string, string>> = {
  Accept: 'application/json',
  'Accept-Language': 'en-US,en;q=0.9,de;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br',
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36',
  Referer: 'https://shop.example.com/catalogue/items?page=3&sort=price',
  Cookie:
    'session=abcdefghijklmnopqrstuvwxyz0123456789; theme=dark; csrftoken=ABCDEF0123456789abcdef0123456789; ab=7',
  'X-Client-Version': '5.12.3',
  'X-Trace': '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'Cache-Control': 'no-cache',
}

const PLAIN = {
  work: 'plain',
  connections: 64,
  method: 'GET',
  paths: ['/api/items?page=3'],
  fields: BROWSER,
  upload: 0,
  answer: { bytes: 1100, slowShare: 0, slowMs: 0 },
  load: 0.6,
} as const

export const scenarios: readonly Scenario[] = [
  { ...PLAIN, name: 'plain-8', says: '1.1 KB of JSON over 8 connections', connections: 8 },
  { ...PLAIN, name: 'plain-64', says: '1.1 KB of JSON over 64 connections' },
  { ...PLAIN, name: 'plain-512', says: '1.1 KB of JSON over 512 connections', connections: 512 },
  {
    ...PLAIN,
    name: 'guarded',
    says: 'an API key, a limit, an id, an access log and metrics on each request',
    work: 'guarded',
    fields: { ...BROWSER, apikey: API_KEY },
  },
  {
    ...PLAIN,
    name: 'routes-10k',
    says: '10,000 routes, each asked for in turn',
    work: 'routes',
    paths: pathsOfTable(1000),
  },
  { ...PLAIN, name: 'upload-16k', says: 'a body of 16 KB up', method: 'POST', upload: 16_384 },
  {
    ...PLAIN,
    name: 'download-1m',
    says: 'a body of 1 MB down',
    connections: 16,
    answer: { bytes: 1 << 20, slowShare: 0, slowMs: 0 },
  },
  {
    ...PLAIN,
    name: 'slow-mix',
    says: 'one answer of a hundred takes 200 ms',
    connections: 256,
    answer: { bytes: 1100, slowShare: 0.01, slowMs: 200 },
  },
  { ...PLAIN, name: 'tls-64', says: '1.1 KB of JSON over 64 connections of TLS 1.3', protocol: 'tls' },
  {
    ...PLAIN,
    name: 'tls-download-1m',
    says: 'a body of 1 MB down over TLS 1.3',
    protocol: 'tls',
    connections: 16,
    answer: { bytes: 1 << 20, slowShare: 0, slowMs: 0 },
  },
  {
    ...PLAIN,
    name: 'h2-64',
    says: '1.1 KB of JSON over HTTP/2 and TLS 1.3, 8 streams on each of 8 connections',
    protocol: 'h2',
    connections: 8,
    streams: 8,
    // What node:http2 can send in time: it is the generator's.
    load: 0.3,
  },
  {
    ...PLAIN,
    name: 'tls-handshakes',
    says: 'full handshakes of TLS 1.3, 16 at once; each is a request',
    protocol: 'handshake',
    connections: 16,
  },
  {
    ...PLAIN,
    name: 'websocket-64',
    says: 'messages of 64 bytes there and back over 64 WebSockets; each is a request',
    protocol: 'websocket',
    fields: {},
  },
]
