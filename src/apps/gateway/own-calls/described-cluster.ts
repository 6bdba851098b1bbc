// The calls about the two clusters of a gateway.
import { z } from 'zod'
import type { ApiAnswer, ApiCall } from './api-call.ts'
import { serverError } from './server-shapes.ts'

const role = z.enum(['cluster', 'standby'])

const known = z
  .strictObject({
    nodes: z.array(z.string()).describe('URLs, without credentials.'),
    is: z.string().nullable().describe('Name and version; null while it does not answer.'),
  })
  .meta({ id: 'GatewayCluster' })

const whereTo = {
  active: role.describe('The section of the configuration that calls go to.'),
  since: z.string().nullable().describe('When it was last switched; null: never.'),
}

const address = z.looseObject({ cluster: z.string().describe('URL.') }).meta({ id: 'HookCluster' })
const side = z
  .looseObject({ side: z.enum(['source', 'target']), cluster: z.string().optional() })
  .meta({ id: 'HookSide' })

const order = z
  .union([
    z.strictObject({ to: role }),
    z.looseObject({ event: z.enum(['cut-over', 'reverse', 'back']), from: side, to: side }),
    z.looseObject({
      phase: z.enum(['switch', 'abort']),
      when: z.literal('after'),
      source: address,
      target: address,
    }),
  ])
  .meta({
    id: 'SwitchOrder',
    description:
      'In words, or the facts of a hook of a migration: a source is `cluster` and a target is `standby`, unless their URLs say otherwise.',
  })

const refused = (description: string): ApiAnswer => ({ description, schema: serverError })

export const clusterCalls: readonly ApiCall[] = [
  {
    method: 'GET',
    path: '/_indexferry/cluster',
    id: 'cluster',
    tag: 'gateway',
    summary: 'Which of the two clusters calls go to.',
    answers: {
      200: {
        description: 'Both, and which it is.',
        schema: z.strictObject({ ...whereTo, cluster: known, standby: known.nullable() }),
      },
    },
  },
  {
    method: 'POST',
    path: '/_indexferry/cluster/_switch',
    id: 'switch',
    tag: 'gateway',
    summary: 'Switches all calls to the other cluster.',
    description: 'Calls that come meanwhile wait. Needs the right to manage the cluster.',
    parameters: [
      {
        name: 'timeout',
        in: 'query',
        description: 'How long calls that are under way are waited for; 30s unless given, 5m at most.',
        schema: z.string(),
      },
      {
        name: 'force',
        in: 'query',
        description: 'Leave calls to the old cluster that are still under way then.',
        schema: z.enum(['true', 'false']),
      },
    ],
    body: order,
    answers: {
      200: {
        description: 'Calls go there now, or did before.',
        schema: z.strictObject({
          ...whereTo,
          switched: z.boolean().describe('False: calls went there before.'),
          waited_ms: z.int(),
          left_behind: z.int().describe('Calls that the old cluster still answers.'),
        }),
      },
      400: refused('The body does not say where to.'),
      403: refused('The caller may not manage the cluster.'),
      409: refused('There is no standby, another switch is under way, or the gateway has work on this cluster.'),
      503: refused('The cluster to switch to does not answer.'),
      504: refused('Calls were still under way when the time was over; nothing is changed.'),
    },
  },
]
