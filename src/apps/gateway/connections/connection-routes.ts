// Amazon's calls for cross-cluster connections, in both versions. None of them is the cluster's business.
import type { ConnectionRecord, Direction } from '../../../engine/connections/connection-record.ts'
import type { Connections } from '../../../engine/connections/connections.ts'
import type { GatewayCall, Route } from '../route.ts'
import { api2015 } from './api-2015.ts'
import { api2021 } from './api-2021.ts'
import { answerOf, apiRefusal, jsonAnswer } from './api-refusal.ts'
import { type AccessKey, checkSignature } from './check-signature.ts'
import { type ConnectionsApi, readId, readList } from './connections-api.ts'

export interface ConnectionRoutesDeps {
  readonly connections: Connections
  /** Calls must be signed with one of them; without any, no signature is looked at. */
  readonly keys: readonly AccessKey[]
  readonly log: (warning: string) => void
}

/** Amazon's own calls are a few hundred bytes; lists of filters may be longer. */
const bodyBytesMax = 1 << 20

export function connectionRoutes(deps: ConnectionRoutesDeps): Route[] {
  return [...routesOf(api2021, deps), ...routesOf(api2015, deps)]
}

type Handle = (body: Buffer, id: string) => object

function routesOf(api: ConnectionsApi, { connections, keys, log }: ConnectionRoutesDeps): Route[] {
  const route = (method: string, path: string, operation: string, handle: Handle): Route => ({
    method,
    path: api.path + path,
    operation,
    // Where calls are signed, the signature says who calls; Amazon's clients can send nothing else.
    open: keys.length > 0,
    handle: async (call, { id = '' }) => {
      const body = await call.body()
      try {
        await check(call, body, keys)
        return jsonAnswer(200, handle(body, id))
      } catch (error) {
        return answerOf(error, (defect) => log(`${operation}: ${defect}`))
      }
    },
  })
  const describe = (direction: Direction): Handle => {
    return (body) => {
      const { filters, pageSize, token } = readList(api, body)
      const page = connections.list(direction, filters, pageSize, token)
      const many = page.connections.map((record) => api.render(record, direction))
      return { [api.many]: many, ...(page.nextToken === undefined ? {} : { NextToken: page.nextToken }) }
    }
  }
  const change = (direction: Direction, act: (id: string) => ConnectionRecord): Handle => {
    return (_, id) => ({ [api.one]: api.render(act(readId(api, id)), direction) })
  }
  const { noun } = api
  return [
    route('POST', '/outboundConnection', `CreateOutbound${noun}`, (body) =>
      api.renderCreated(connections.create(api.readCreate(body))),
    ),
    route('POST', '/outboundConnection/search', `DescribeOutbound${noun}s`, describe('outbound')),
    route('POST', '/inboundConnection/search', `DescribeInbound${noun}s`, describe('inbound')),
    route('PUT', '/inboundConnection/:id/accept', `AcceptInbound${noun}`, change('inbound', connections.accept)),
    route('PUT', '/inboundConnection/:id/reject', `RejectInbound${noun}`, change('inbound', connections.reject)),
    route('DELETE', '/outboundConnection/:id', `DeleteOutbound${noun}`, change('outbound', connections.deleteOutbound)),
    route('DELETE', '/inboundConnection/:id', `DeleteInbound${noun}`, change('inbound', connections.deleteInbound)),
    ...unknownOperations(route),
  ]
}

/** Everything else below the path: the cluster would not know what to do with it, and should not see the signature. */
function unknownOperations(route: (method: string, path: string, operation: string, handle: Handle) => Route): Route[] {
  const refuse: Handle = () => {
    throw apiRefusal('UnknownOperationException', 'There is no such operation.')
  }
  return ['/:a', '/:a/:b', '/:a/:b/:c'].flatMap((path) =>
    ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'].map((method) =>
      route(method, path, 'UnknownOperation', refuse),
    ),
  )
}

async function check(call: GatewayCall, body: Buffer, keys: readonly AccessKey[]): Promise<void> {
  if (body.length > bodyBytesMax) {
    throw apiRefusal('RequestEntityTooLargeException', `The body of the request is longer than ${bodyBytesMax} bytes.`)
  }
  if (keys.length > 0) await checkSignature(call, body, keys)
}
