// What stands on the target under the name that an index would get, and whether it fits.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import type { IndexDefinition } from '../../model/index-definition.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { readDefinition } from '../../source/read-definition.ts'
import { isWhole, type ShardsOfAnswer } from '../../source/search-answer.ts'
import { flattenSettings } from '../../transform/setting-paths.ts'
import { compareDefinitions } from '../../verify/compare-definitions.ts'
import { type Finding, finding } from './assessment.ts'

/** Whose name it is on the target. */
export type NameOwner =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'index'; readonly definition: IndexDefinition; readonly documents: number | undefined }
  | { readonly kind: 'alias'; readonly indexes: readonly string[]; readonly writeIndex: string | undefined }
  | { readonly kind: 'dataStream' }

export async function readNameOwner(cluster: Cluster, name: string): Promise<NameOwner> {
  const { status, body } = await cluster.json<unknown>({
    method: 'GET',
    path: indexPath(name, '_alias'),
    accept: [404],
  })
  const entries = status === 404 || !isJsonObject(body) ? [] : Object.entries(body)
  if (entries.length === 0) return { kind: 'nobody' }
  if (entries.some(([index]) => index === name)) {
    return {
      kind: 'index',
      definition: await readDefinition(cluster, name),
      documents: await countDocuments(cluster, name),
    }
  }
  const behind = entries.flatMap(([index, entry]) => {
    const alias = isJsonObject(entry) && isJsonObject(entry.aliases) ? entry.aliases[name] : undefined
    return isJsonObject(alias) ? [{ index, alias }] : []
  })
  // The backing indexes of a data stream carry no alias of its name.
  if (behind.length === 0) return { kind: 'dataStream' }
  const writes = behind.find(({ alias }) => String(alias.is_write_index) === 'true')
  return { kind: 'alias', indexes: behind.map(({ index }) => index), writeIndex: writes?.index }
}

/** Undefined for an index that is closed or cannot be read. */
async function countDocuments(cluster: Cluster, index: string): Promise<number | undefined> {
  const { status, body } = await cluster.json<{ readonly count?: number; readonly _shards?: ShardsOfAnswer }>({
    method: 'GET',
    path: indexPath(index, '_count'),
    accept: [400, 403, 503],
  })
  return status === 200 && body._shards && isWhole(body._shards) ? body.count : undefined
}

export function checkTargetIndex(unit: CopyUnit, owner: NameOwner, acceptDefinition: boolean): Finding[] {
  const { targetIndex, dataStream } = unit
  if (owner.kind === 'nobody') return [finding('target', 'ok', `${targetIndex} is not there yet and is created`)]
  if (dataStream) return checkDataStream(dataStream.name, owner)
  if (owner.kind === 'index') return checkExisting(unit, owner, acceptDefinition)
  const what =
    owner.kind === 'alias'
      ? `an alias of ${owner.indexes.slice(0, 3).join(', ')} on the target`
      : 'a data stream on the target'
  const remedy = 'Choose another name with --rename, or remove the alias or data stream.'
  return [finding('target', 'error', `${targetIndex} is ${what}, so that no index of this name can be created`, remedy)]
}

function checkDataStream(name: string, owner: NameOwner): Finding[] {
  if (owner.kind === 'dataStream') {
    return [
      finding(
        'target',
        'warning',
        `the data stream ${name} is there already; documents are added to it, and those whose id is there are left`,
      ),
    ]
  }
  const remedy = 'Choose another name with --rename.'
  return [
    finding('target', 'error', `${name} is an ${owner.kind} on the target and a data stream on the source`, remedy),
  ]
}

function checkExisting(unit: CopyUnit, owner: NameOwner & { kind: 'index' }, acceptDefinition: boolean): Finding[] {
  const { definition, documents } = owner
  const index = unit.targetIndex
  const settings = new Map(flattenSettings(definition.settings).map(([name, value]) => [name, String(value)]))
  if (unit.sourceUuid !== undefined && settings.get('uuid') === unit.sourceUuid) {
    const remedy = 'Name another TARGET, or another index there with --rename.'
    return [finding('target', 'error', 'source and target are the same index', remedy)]
  }
  const findings = unit.definition ? [checkFit(index, unit.definition, definition, acceptDefinition)] : []
  if (documents === undefined) {
    const remedy = 'Open the index (POST /INDEX/_open), or choose another name with --rename.'
    findings.push(finding('target', 'error', `${index} is there already but cannot be read: is it closed?`, remedy))
  } else if (documents > 0) {
    const remedy =
      'Copy into it with --into-existing, choose another name with --rename, or delete it. If a copy of these began before, the same command goes on.'
    findings.push(finding('target', 'error', `${index} already holds ${documents} documents`, remedy))
  }
  // The other kind, `default_pipeline`, is passed by.
  const pipeline = settings.get('final_pipeline')
  if (pipeline !== undefined && pipeline !== '_none') {
    const remedy = 'Set index.final_pipeline of the target index to _none for the time of the copy.'
    findings.push(
      finding('settings', 'warning', `the ingest pipeline ${pipeline} of ${index} would change the documents`, remedy),
    )
  }
  return [...findings, ...checkTargetBlocks(index, settings)]
}

const differencesShown = 5

function checkFit(
  index: string,
  planned: IndexDefinition,
  actual: IndexDefinition,
  acceptDefinition: boolean,
): Finding {
  const differing = compareDefinitions(planned, actual).filter(({ kind }) => kind === 'differs')
  if (differing.length === 0) return finding('target', 'ok', `${index} is there already and fits`)
  const text = (value: unknown) => (value === undefined ? 'not there' : JSON.stringify(value))
  const shown = differing
    .slice(0, differencesShown)
    .map(({ path, expected, actual: found }) => `${path} is ${text(found)} instead of ${text(expected)}`)
  const more = differing.length > differencesShown ? ` and ${differing.length - differencesShown} more` : ''
  const message = `${index} is there already and differs: ${shown.join('; ')}${more}`
  if (acceptDefinition) return finding('target', 'warning', `${message}; accepted with --accept-definition`)
  const remedy = 'Choose another name with --rename, delete the target index, or accept it with --accept-definition.'
  return finding('target', 'error', message, remedy)
}

function checkTargetBlocks(index: string, settings: ReadonlyMap<string, string>): Finding[] {
  return ['write', 'read_only', 'read_only_allow_delete', 'metadata', 'read'].flatMap((block) => {
    if (settings.get(`blocks.${block}`) !== 'true') return []
    const remedy = `Set index.blocks.${block} of the target index to null.`
    if (block === 'read')
      return [
        finding(
          'blocks',
          'warning',
          `${index} forbids reading (index.blocks.read), so that it cannot be verified`,
          remedy,
        ),
      ]
    const full = block === 'read_only_allow_delete' ? ': the disks of the target are or were full' : ''
    return [finding('blocks', 'error', `${index} forbids writing (index.blocks.${block})${full}`, remedy)]
  })
}

/** An alias of the source would be put onto the copy; it must not be an index there, nor write elsewhere already. */
export function checkAlias(alias: string, parameters: JsonObject, owner: NameOwner, targetIndex: string): Finding[] {
  if (owner.kind === 'nobody') return []
  if (owner.kind !== 'alias') {
    const what = owner.kind === 'index' ? 'an index' : 'a data stream'
    const remedy = `Rename or delete ${alias} on the target, or take the alias off the source index.`
    return [
      finding(
        'aliases',
        'error',
        `the alias ${alias} cannot be set, because ${what} of this name is on the target`,
        remedy,
      ),
    ]
  }
  const others = owner.indexes.filter((index) => index !== targetIndex)
  if (others.length === 0) return []
  const wantsWrites = String(parameters.is_write_index) === 'true'
  if (wantsWrites && owner.writeIndex !== undefined && owner.writeIndex !== targetIndex) {
    const remedy = `Take is_write_index off ${owner.writeIndex}, or off the alias of the source.`
    return [
      finding('aliases', 'error', `the alias ${alias} already writes to ${owner.writeIndex} on the target`, remedy),
    ]
  }
  const shown = others.slice(0, 3).join(', ')
  return [
    finding(
      'aliases',
      'warning',
      `the alias ${alias} already stands for ${shown} on the target; the copy is added to it`,
    ),
  ]
}
