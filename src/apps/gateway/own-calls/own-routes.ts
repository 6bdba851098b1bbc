// The calls under `/_indexferry`: whether the gateway lives, whether it can work, what it counts, and how its calls are made.

import { monotonicMs } from '../../../foundation/clock.ts'
import { asIndexferryError, IndexferryError } from '../../../foundation/errors.ts'
import type { JsonObject } from '../../../model/json.ts'
import { type GatewayAnswer, type Route, uncached } from '../route.ts'
import type { GatewayMetrics } from './metrics.ts'
import { openApiDocument } from './openapi.ts'

export interface OwnRoutesDeps {
  readonly metrics: Pick<GatewayMetrics, 'render' | 'contentType'>
  /** Asks the cluster anything that needs no privilege; throws when it does not answer. */
  readonly checkCluster: (signal: AbortSignal) => Promise<void>
  /** Throws when the catalog cannot be written. */
  readonly checkCatalog: () => void | Promise<void>
  /** Of indexferry, for the description of the calls. */
  readonly version: string
  /** How long the cluster may take. Default 4 s: probes give up after a few seconds themselves. */
  readonly patienceMs?: number
}

/** Everybody may ask; the cluster is asked this often at most. */
const rememberedMs = 1_000

export function ownRoutes(deps: OwnRoutesDeps): Route[] {
  const ready = readiness(deps)
  const description = openApiDocument(deps.version)
  const openRoute = (method: string, path: string, operation: string, handle: Route['handle']): Route => ({
    method,
    path,
    operation,
    open: true,
    handle,
  })
  const health = async (): Promise<GatewayAnswer> => ({ status: 200, headers: uncached, body: { status: 'ok' } })
  return [
    // Load balancers ask with either method.
    ...['GET', 'HEAD'].flatMap((method) => [
      openRoute(method, '/_indexferry/health', 'health', health),
      openRoute(method, '/_indexferry/ready', 'ready', ready),
    ]),
    {
      method: 'GET',
      path: '/_indexferry/metrics',
      operation: 'metrics',
      handle: async () => ({
        status: 200,
        headers: { 'content-type': deps.metrics.contentType, ...uncached },
        body: Buffer.from(await deps.metrics.render()),
      }),
    },
    {
      method: 'GET',
      path: '/_indexferry/openapi.json',
      operation: 'openapi',
      handle: async () => ({ status: 200, body: description }),
    },
  ]
}

type Check = 'cluster' | 'catalog'

function readiness({ checkCluster, checkCatalog, patienceMs = 4_000 }: OwnRoutesDeps): () => Promise<GatewayAnswer> {
  let last: { readonly at: number; readonly answer: Promise<GatewayAnswer> } | undefined
  const ask = async (): Promise<GatewayAnswer> => {
    const [cluster, catalog] = await Promise.all([
      attempt(() => inTime(checkCluster, patienceMs)),
      attempt(async () => checkCatalog()),
    ])
    const failed = (
      [
        ['cluster', cluster],
        ['catalog', catalog],
      ] as const
    ).filter(([, error]) => error !== undefined)
    const reasons = failed.map(([check, error]) => reasonOf(check, error as IndexferryError))
    return failed.length === 0
      ? { status: 200, headers: uncached, body: { status: 'ready' } }
      : { status: 503, headers: uncached, body: { status: 'unavailable', reasons } }
  }
  return () => {
    if (last === undefined || monotonicMs() - last.at > rememberedMs) last = { at: monotonicMs(), answer: ask() }
    return last.answer
  }
}

/** Everybody may read it: what the error means, without hosts, paths and names of users. */
const reasonOf = (check: Check, { code, definition }: IndexferryError): JsonObject => ({
  check,
  code,
  reason: definition.meaning,
})

/** Also where the check itself never ends. */
async function inTime(check: (signal: AbortSignal) => Promise<void>, ms: number): Promise<void> {
  const signal = AbortSignal.timeout(ms)
  const late = new Promise<never>((_, reject) => {
    const silence = new IndexferryError('CONNECTION_LOST', 'the cluster did not answer in time', { side: 'target' })
    signal.addEventListener('abort', () => reject(silence), { once: true })
  })
  await Promise.race([check(signal), late])
}

async function attempt(check: () => Promise<void>): Promise<IndexferryError | undefined> {
  try {
    await check()
    return undefined
  } catch (error) {
    return asIndexferryError(error)
  }
}
