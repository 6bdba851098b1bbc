// Whether the addresses of both sides still lead to the clusters with which the migration began.
//
// A gateway may be the address of a side, and the hook that leads traffic may switch that gateway: from then on the address of the source is that of
// the target. Whatever were done there to the old side, blocks and guards and aliases, would be done to the new one.
import type { Cluster } from '../../cluster/cluster.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { MigrationContext } from './migration-context.ts'
import type { SideName } from './migration-record.ts'

export type Identities = Readonly<Record<SideName, string | null>>

type IdentityContext = Pick<MigrationContext, 'journal' | 'clusters'>

/** By its UUID; before Elasticsearch 2.4 by its name. Null for one that has no UUID yet (`_na_`), or says nothing. */
export function identityOf(rootPage: unknown): string | null {
  const { cluster_uuid: uuid, cluster_name: name } = (
    isJsonObject(rootPage as JsonObject) ? rootPage : {}
  ) as JsonObject
  if (typeof uuid === 'string') return uuid === '_na_' ? null : `uuid ${uuid}`
  return typeof name === 'string' ? `name ${name}` : null
}

async function readIdentity(cluster: Cluster, signal?: AbortSignal): Promise<string | null> {
  const { body } = await cluster.json({
    method: 'GET',
    path: '/',
    // Managed services have no such page, and it may need a privilege of its own.
    accept: [400, 403, 404, 405],
    retry: 'safe',
    ...(signal ? { signal } : {}),
  })
  return identityOf(body)
}

export async function sameCluster(one: Cluster, other: Cluster): Promise<boolean> {
  const identity = await readIdentity(one)
  // Names say nothing: most clusters have the one that they came with.
  return identity?.startsWith('uuid ') === true && identity === (await readIdentity(other))
}

/** Only where both are known. */
export const isAnother = (noted: string | null, found: string | null): boolean =>
  noted !== null && found !== null && noted !== found

/** By the first process only, and not in a switch, in which they may be others already. */
export async function noteClusters({ journal, clusters }: IdentityContext): Promise<void> {
  if (journal.record.clusters) return
  const { source, target } = clusters
  journal.update({ clusters: { source: await readIdentity(source), target: await readIdentity(target) } })
}

/** The first of these sides that is another cluster than it was. Another side is not asked: it may be what is out of order. */
export async function findChanged(
  { journal, clusters }: IdentityContext,
  sides: readonly SideName[],
  signal?: AbortSignal,
): Promise<SideName | undefined> {
  const { clusters: noted } = journal.record
  for (const side of noted ? sides : []) {
    if (isAnother(noted?.[side] ?? null, await readIdentity(clusters[side], signal))) return side
  }
  return undefined
}

/** Throws MIGRATION_CHANGED, after which nobody tries again by himself. To be called before anything is changed on these sides. */
export async function checkClusters(
  context: IdentityContext,
  sides: readonly SideName[],
  signal?: AbortSignal,
): Promise<void> {
  const side = await findChanged(context, sides, signal)
  if (side === undefined) return
  const { clusters } = context
  const sentence = `the address of the ${side}, ${clusters[side].name}, leads to another cluster than at the start of the migration, so that nothing was changed there`
  throw new IndexferryError('MIGRATION_CHANGED', sentence, {
    side,
    remedy: `Let the address lead to the ${side} again (a gateway that is switched must not be the address of a side), and go on with \`indexferry resume\`.`,
  })
}
