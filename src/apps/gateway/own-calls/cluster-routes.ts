// `/_indexferry/cluster`: which of the two clusters traffic goes to, and the switch.
import { NoAnswer } from '../../../cluster/collect-answer.ts'
import type { AccessConfig } from '../../../config/gateway/gateway-config.ts'
import { IndexferryError } from '../../../foundation/errors.ts'
import { parseDuration } from '../../../foundation/quantity.ts'
import { clusterRoles } from '../../../model/cluster-role.ts'
import type { JsonObject } from '../../../model/json.ts'
import { parseJson } from '../body-json.ts'
import { introduceCluster } from '../introduce-cluster.ts'
import { booleanParameter, refuseUnknownOf } from '../reindex/parse-parameters.ts'
import { errorEnvelope, RefusedCall } from '../reindex/refused-call.ts'
import { mayManageCluster, type Refusal } from '../replication/rights.ts'
import { type GatewayAnswer, type GatewayCall, type Route, uncached } from '../route.ts'
import type { ClusterSwitch, ClusterSwitchParts } from '../switch/switch-cluster.ts'
import { type ClusterNodes, orderedRole } from '../switch/switch-order.ts'
import type { Way } from '../traffic.ts'

export interface ClusterRoutesDeps extends Pick<ClusterSwitchParts, 'active' | 'traffic'> {
  readonly clusterSwitch: ClusterSwitch
  /** Without credentials; of a standby that is not there, none. */
  readonly nodes: ClusterNodes
  readonly clusterCredentials: AccessConfig['clusterCredentials']
}

const path = '/_indexferry/cluster'

export function clusterRoutes(deps: ClusterRoutesDeps): Route[] {
  const route = (method: string, rest: string, operation: string, takes: readonly string[], work: Work): Route => ({
    method,
    path: path + rest,
    operation,
    handle: async (call) => {
      try {
        refuseUnknownOf(path + rest, call.query, { takes, suggests: takes })
        return await work(call, deps)
      } catch (error) {
        if (!(error instanceof RefusedCall)) throw error
        return { status: error.status, body: errorEnvelope(error.status, error.exception) }
      }
    },
  })
  return [
    route('GET', '', 'cluster', [], showClusters),
    route('POST', '/_switch', 'switch', ['timeout', 'force'], switchCluster),
  ]
}

type Work = (call: GatewayCall, deps: ClusterRoutesDeps) => Promise<GatewayAnswer>

async function showClusters({ signal }: GatewayCall, deps: ClusterRoutesDeps): Promise<GatewayAnswer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
  const shown = await Promise.all(
    clusterRoles.map(async (role): Promise<[string, JsonObject | null]> => {
      const way = deps.traffic.wayTo(role)
      return [role, way ? { nodes: [...deps.nodes[role]], is: await whatItIs(way, limit) } : null]
    }),
  )
  signal.throwIfAborted()
  return { status: 200, headers: uncached, body: { ...whereTo(deps), ...Object.fromEntries(shown) } }
}

const patienceMs = 4_000

/** Null while it does not answer. */
async function whatItIs({ passage }: Way, signal: AbortSignal): Promise<string | null> {
  try {
    return (await introduceCluster(passage, signal)).text
  } catch {
    return null
  }
}

async function switchCluster(call: GatewayCall, deps: ClusterRoutesDeps): Promise<GatewayAnswer> {
  const refusal = await refusalOf(call, deps)
  if (refusal) return refusal
  const to = orderedRole(parseJson(await call.body()), deps.nodes)
  const isForced = booleanParameter(call.query, 'force', false)
  const order = { to, isForced, limitMs: limitOf(call.query), signal: call.signal }
  const switched = await deps.clusterSwitch.switchTo(order)
  const { waitedMs = 0, left = 0 } = switched ?? {}
  return {
    status: 200,
    headers: uncached,
    body: { ...whereTo(deps), switched: switched !== undefined, waited_ms: waitedMs, left_behind: left },
  }
}

async function refusalOf(call: GatewayCall, { clusterCredentials }: ClusterRoutesDeps): Promise<Refusal> {
  try {
    return await mayManageCluster(call)
  } catch (error) {
    // Everybody whom the gateway lets in has the same credentials; that the cluster is away is then a reason to leave it.
    if (clusterCredentials === 'own' && error instanceof NoAnswer) return undefined
    throw error
  }
}

const whereTo = ({ active }: Pick<ClusterRoutesDeps, 'active'>): JsonObject => ({
  active: active.role,
  since: active.sinceMs === undefined ? null : new Date(active.sinceMs).toISOString(),
})

const limitMsDefault = 30_000
/** All other calls wait meanwhile. */
const limitMsMax = 300_000

function limitOf(query: URLSearchParams): number {
  const text = query.get('timeout')
  if (text === null) return limitMsDefault
  const ms = text === '0' ? 0 : parseDuration(text)
  if (ms !== undefined && ms <= limitMsMax) return ms
  const sentence = `timeout has a value ${JSON.stringify(text.slice(0, 100))} that is not a time with its unit such as 30s, 5m at most`
  throw new IndexferryError('REQUEST_MALFORMED', sentence)
}
