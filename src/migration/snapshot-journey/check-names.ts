// What a plan names is looked at before anything is registered, taken and moved in vain.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { renameOf } from '../../mechanism/snapshot/restore-wish.ts'
import { renamed } from '../../mechanism/snapshot/select-indexes.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { type ResolvedIndex, resolveIndexes } from '../../source/resolve-indexes.ts'
import type { JourneyContext } from './journey-context.ts'

/** Throws INDEX_MISSING where the source has not what the plan names. */
export async function checkNames({ plan, source, target, note, signal }: JourneyContext): Promise<void> {
  const indexes = await resolveIndexes(source, plan.indices, { signal })
  refuseAliases(indexes, source)
  const { alias } = plan.cutOver
  if (alias === undefined) return
  const { renamePattern, renameReplacement } = plan.restore
  const rename = renameOf(renamePattern, renameReplacement)
  const taking = indexes.find(({ name }) => renamed(name, rename) === alias)
  if (taking) {
    throw new IndexferryError(
      'CONFIG_INVALID',
      `cut_over.alias is "${alias}", the name that the restored index ${taking.name} gets on the target`,
      { remedy: 'Give the alias another name, or the indexes with restore.rename_pattern.' },
    )
  }
  // A hook may take it away before the switch.
  if (await isIndex(target, alias))
    note(`the target has an index ${alias}: until it is gone, the alias of the plan cannot have this name`)
}

/** A snapshot is taken of the indexes behind an alias, but holds them under their own names. */
function refuseAliases(indexes: readonly ResolvedIndex[], source: Cluster): void {
  const alias = indexes.find((index) => index.alias !== undefined)?.alias?.name
  if (alias === undefined) return
  const behind = indexes.filter((index) => index.alias?.name === alias).map(({ name }) => name)
  throw new IndexferryError(
    'INDEX_MISSING',
    `the source ${source.name} has ${alias} as an alias, and snapshots hold indexes under their own names`,
    {
      side: 'source',
      remedy: `Write the indexes into the plan: ${behind.slice(0, 5).join(',')}${behind.length > 5 ? ',…' : ''}`,
      fields: { index: alias },
    },
  )
}

async function isIndex(cluster: Cluster, name: string): Promise<boolean> {
  const path = indexPath(name, '_settings')
  const { status, body } = await cluster.json<JsonObject>({ method: 'GET', path, accept: [404] })
  return status !== 404 && isJsonObject(body) && name in body
}
