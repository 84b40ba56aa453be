/** A token as user-service.yml takes it: `node token.js alice [seconds until it ends]`. */
import { createHmac } from 'node:crypto'

const [who = 'alice', seconds = '300'] = process.argv.slice(2)
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const exp = Math.floor(Date.now() / 1000) + Number(seconds)
const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: `${who}-app`, exp })}`
const signature = createHmac('sha256', `a-secret-of-${who}-for-this-example`).update(signed).digest('base64url')
console.log(`${signed}.${signature}`)
