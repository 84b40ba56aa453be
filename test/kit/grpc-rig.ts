/** grpc-rig — a server and clients of @grpc/grpc-js whose messages are plain bytes. */
import type { TestContext } from 'node:test'
import {
  Client,
  type ClientOptions,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type StatusObject,
} from '@grpc/grpc-js'
import type { Pem } from './certificates.ts'

export const SERVICE = 'grpc.testing.TestService'
const same = (bytes: Buffer): Buffer => bytes

function method(name: string, requestStream: boolean, responseStream: boolean) {
  const definition: MethodDefinition<Buffer, Buffer> = {
    path: `/${SERVICE}/${name}`,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }
  return definition
}

export interface Handlers {
  readonly Unary?: handleUnaryCall<Buffer, Buffer>
  readonly ClientStream?: handleClientStreamingCall<Buffer, Buffer>
  readonly ServerStream?: handleServerStreamingCall<Buffer, Buffer>
  readonly Both?: handleBidiStreamingCall<Buffer, Buffer>
}

const METHODS: Readonly<Record<keyof Handlers, MethodDefinition<Buffer, Buffer>>> = {
  Unary: method('Unary', false, false),
  ClientStream: method('ClientStream', true, false),
  ServerStream: method('ServerStream', false, true),
  Both: method('Both', true, true),
}

const LIMITS = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 }

/** Answers the port. Without `pem` in the clear. */
export async function openGrpcServer(t: TestContext, handlers: Handlers, pem?: Pem): Promise<number> {
  const definition: ServiceDefinition = Object.fromEntries(
    Object.keys(handlers).map((name) => [name, METHODS[name as keyof Handlers]]), // its own keys
  )
  const server = new Server(LIMITS)
  server.addService(definition, { ...handlers })
  t.after(() => server.forceShutdown())
  const secured =
    pem === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [
          { cert_chain: Buffer.from(pem.cert), private_key: Buffer.from(pem.key) },
        ])
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', secured, (error, port) => {
      if (error === null) resolve(port)
      else reject(error)
    })
  })
}

/** `authority`: PEM of who signed the gateway's certificate; without, in the clear. */
export function openGrpcClient(t: TestContext, port: number, authority?: string): GrpcClient {
  const secured =
    authority === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(authority))
  const options: ClientOptions = {
    ...LIMITS,
    'grpc.enable_retries': 0,
    ...(authority === undefined ? {} : { 'grpc.ssl_target_name_override': 'localhost' }),
  }
  const client = new GrpcClient(`127.0.0.1:${port}`, secured, options)
  t.after(() => client.close())
  return client
}

/** What a call came to. */
export interface Outcome {
  readonly status: StatusObject
  readonly messages: readonly Buffer[]
  readonly metadata: Metadata
}

export interface Call {
  readonly metadata?: Readonly<Record<string, string | Buffer>>
  readonly deadlineMs?: number
}

export function toMetadata(fields: Call['metadata'] = {}): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(fields)) metadata.set(name, value)
  return metadata
}

/** Answers with whatever the status is: nothing rejects. */
export class GrpcClient extends Client {
  unary(message: Buffer, call: Call = {}, path = METHODS.Unary.path): Promise<Outcome> {
    return new Promise((resolve) => {
      const messages: Buffer[] = []
      let metadata = new Metadata()
      const options = call.deadlineMs === undefined ? {} : { deadline: Date.now() + call.deadlineMs }
      const request = this.makeUnaryRequest(
        path,
        same,
        same,
        message,
        toMetadata(call.metadata),
        options,
        (_error, answer) => {
          if (answer !== undefined) messages.push(answer)
        },
      )
      request.on('metadata', (fields) => {
        metadata = fields
      })
      request.on('status', (status) => setImmediate(() => resolve({ status, messages, metadata })))
    })
  }

  upload(call: Call = {}) {
    let answered: (outcome: Outcome) => void = () => {}
    const outcome = new Promise<Outcome>((resolve) => {
      answered = resolve
    })
    const messages: Buffer[] = []
    const stream = this.makeClientStreamRequest(
      METHODS.ClientStream.path,
      same,
      same,
      toMetadata(call.metadata),
      {},
      (_error, answer) => {
        if (answer !== undefined) messages.push(answer)
      },
    )
    stream.on('status', (status) =>
      setImmediate(() => answered({ status, messages, metadata: new Metadata() })),
    )
    return { stream, outcome }
  }

  download(message: Buffer, call: Call = {}) {
    const stream = this.makeServerStreamRequest(
      METHODS.ServerStream.path,
      same,
      same,
      message,
      toMetadata(call.metadata),
    )
    return { stream, outcome: gather(stream) }
  }

  both(call: Call = {}) {
    const options = call.deadlineMs === undefined ? {} : { deadline: Date.now() + call.deadlineMs }
    const stream = this.makeBidiStreamRequest(
      METHODS.Both.path,
      same,
      same,
      toMetadata(call.metadata),
      options,
    )
    return { stream, outcome: gather(stream) }
  }
}

interface Readable {
  on(event: 'data', heard: (message: Buffer) => void): unknown
  on(event: 'metadata', heard: (metadata: Metadata) => void): unknown
  on(event: 'status', heard: (status: StatusObject) => void): unknown
  on(event: 'error', heard: (error: Error) => void): unknown
}

function gather(stream: Readable): Promise<Outcome> {
  const messages: Buffer[] = []
  let metadata = new Metadata()
  stream.on('data', (message: Buffer) => messages.push(message))
  stream.on('metadata', (fields: Metadata) => {
    metadata = fields
  })
  stream.on('error', () => {}) // the status says the same
  return new Promise((resolve) => {
    stream.on('status', (status: StatusObject) => resolve({ status, messages, metadata }))
  })
}
