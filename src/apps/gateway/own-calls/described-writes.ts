// The calls by which followers read what the gateway has recorded.
import { z } from 'zod'
import type { ApiAnswer, ApiCall, ApiParameter } from './api-call.ts'
import { serverError } from './server-shapes.ts'

const index: ApiParameter = { name: 'index', in: 'path', description: 'An index, no alias.', schema: z.string() }
const log = z.string().describe('Which log this is; in another one, positions mean nothing.')
const refused = (description: string): ApiAnswer => ({ description, schema: serverError })
const refusals = {
  400: refused('A parameter cannot be read, or the name is that of an alias.'),
  403: refused('The caller may not read the index.'),
  404: refused('Writes to it are not recorded, or there is no such index.'),
}

export const writesCalls: readonly ApiCall[] = [
  {
    method: 'GET',
    path: '/_indexferry/writes/:index',
    id: 'recordedWrites',
    tag: 'gateway',
    summary: 'Which documents of an index may have changed by calls through this gateway.',
    parameters: [
      index,
      { name: 'after', in: 'query', description: 'The position up to which all is known.', schema: z.int().min(0) },
      {
        name: 'size',
        in: 'query',
        description: 'About how many ids at most; 10000 unless given.',
        schema: z.int().min(0).max(100_000),
      },
    ],
    answers: {
      200: {
        description: 'What was answered since.',
        schema: z.strictObject({
          log,
          position: z.int(),
          ids: z.array(z.string()).describe('Each is there, or is not there, in any state: it has to be read.'),
          sweep: z.boolean().describe('Anything may have changed: all documents have to be looked at once.'),
          complete: z.boolean().describe('Nothing that was answered before this call is missing.'),
          under_way_ms: z.int().describe('How long ago the oldest call began that is not answered yet; 0: none.'),
        }),
      },
      ...refusals,
    },
  },
  {
    method: 'POST',
    path: '/_indexferry/writes/:index/_read',
    id: 'recordedWritesRead',
    tag: 'gateway',
    summary: 'Says how far a reader is; what all readers have is forgotten.',
    parameters: [index],
    body: z
      .strictObject({
        reader: z.string().max(64),
        position: z.int().min(0).optional().describe('Without it, the reader begins here.'),
      })
      .meta({ id: 'ReadPosition' }),
    answers: {
      200: { description: 'Where it is.', schema: z.strictObject({ log, position: z.int() }) },
      ...refusals,
    },
  },
]
