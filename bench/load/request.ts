/** The one request and the one answer of scenario `plain`: ten fields up, 1.1 KB of JSON and nine fields down. */

export const requestFields: Readonly<Record<string, string>> = {
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

export const path = '/api/items?page=3'

const items = Array.from({ length: 14 }, (_, i) => ({
  id: i,
  name: `item number ${i}`,
  price: i * 1.5,
  tags: ['a', 'b'],
}))
export const answerBody = JSON.stringify({ items }).slice(0, 1100)

export const answerFields: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-cache',
  ETag: '"abc123"',
  'X-Frame-Options': 'DENY',
  Vary: 'Accept-Encoding',
}
