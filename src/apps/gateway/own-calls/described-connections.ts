// Amazon's calls for connections, once for each version of its API.
import { z } from 'zod'
import type { ApiCall, ApiParameter } from './api-call.ts'
import {
  apiError,
  createConnection2015,
  createConnection2021,
  inbound2015,
  inbound2021,
  outbound2015,
  outbound2021,
  pageRequest,
} from './connection-shapes.ts'

interface ConnectionApi {
  readonly path: string
  readonly noun: string
  readonly one: string
  readonly create: z.ZodType
  readonly inbound: z.ZodType
  readonly outbound: z.ZodType
}

const connectionApis: readonly ConnectionApi[] = [
  {
    path: '/2021-01-01/opensearch/cc',
    noun: 'Connection',
    one: 'Connection',
    create: createConnection2021,
    inbound: inbound2021,
    outbound: outbound2021,
  },
  {
    path: '/2015-01-01/es/ccs',
    noun: 'CrossClusterSearchConnection',
    one: 'CrossClusterSearchConnection',
    create: createConnection2015,
    inbound: inbound2015,
    outbound: outbound2015,
  },
]

const connectionId: ApiParameter = { name: 'id', in: 'path', description: 'Id of the connection.', schema: z.string() }

const connectionRefusals = {
  400: { description: 'The request is not valid.', schema: apiError },
  403: { description: 'The signature is missing or wrong.', schema: apiError },
  409: {
    description: 'There is no such connection, there is one already, or its state does not allow it.',
    schema: apiError,
  },
}

function callsOf({ path, noun, one, create, inbound, outbound }: ConnectionApi): ApiCall[] {
  const call = (
    method: ApiCall['method'],
    rest: string,
    id: string,
    summary: string,
    answer: z.ZodType,
    body?: z.ZodType,
  ): ApiCall => ({
    method,
    path: path + rest,
    id,
    tag: 'connections',
    summary,
    ...(rest.includes(':id') ? { parameters: [connectionId] } : {}),
    ...(body ? { body } : {}),
    answers: { 200: { description: 'Done.', schema: answer }, ...connectionRefusals },
  })
  const page = (connection: z.ZodType) =>
    z.object({ [`${one}s`]: z.array(connection), NextToken: z.string().optional() })
  const single = (connection: z.ZodType) => z.object({ [one]: connection })
  return [
    call(
      'POST',
      '/outboundConnection',
      `CreateOutbound${noun}`,
      'Asks the owner of a domain for a connection to it.',
      outbound,
      create,
    ),
    call(
      'POST',
      '/outboundConnection/search',
      `DescribeOutbound${noun}s`,
      'Lists connections by the side that asked.',
      page(outbound),
      pageRequest,
    ),
    call(
      'POST',
      '/inboundConnection/search',
      `DescribeInbound${noun}s`,
      'Lists connections by the side that was asked.',
      page(inbound),
      pageRequest,
    ),
    call('PUT', '/inboundConnection/:id/accept', `AcceptInbound${noun}`, 'Accepts a connection.', single(inbound)),
    call('PUT', '/inboundConnection/:id/reject', `RejectInbound${noun}`, 'Rejects a connection.', single(inbound)),
    call(
      'DELETE',
      '/outboundConnection/:id',
      `DeleteOutbound${noun}`,
      'Deletes a connection, by the side that asked.',
      single(outbound),
    ),
    call(
      'DELETE',
      '/inboundConnection/:id',
      `DeleteInbound${noun}`,
      'Deletes a connection, by the side that was asked.',
      single(inbound),
    ),
  ]
}

export const connectionCalls: readonly ApiCall[] = connectionApis.flatMap(callsOf)
