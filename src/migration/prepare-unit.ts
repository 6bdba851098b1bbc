// Makes the target of one unit ready, whatever state a crash may have left it in.
import { access, constants } from 'node:fs/promises'
import type { Cluster } from '../cluster/cluster.ts'
import { indexPath } from '../cluster/paths.ts'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import { openTransform, openUnitSource } from '../mechanism/open-unit.ts'
import { createRelaxed, indexExists, readIndexUuid, relaxExisting } from '../mechanism/prepare-target.ts'
import type { JsonValue } from '../model/json.ts'
import { readDefinition } from '../source/read-definition.ts'
import { countSelected } from '../source/selection.ts'
import { createDataStream } from '../target/create-data-stream.ts'
import { untilDeletesForgotten } from '../target/forgotten-deletes.ts'
import { compareDefinitions, fits } from '../verify/compare-definitions.ts'
import type { CopyContext, NotedUnit } from './copy-context.ts'
import { highestVersion } from './version-base.ts'
import { hidesParts } from './whole-view.ts'

/** Returns the unit as it is to be copied: with the target's UUID and the base of its versions, both noted. */
export async function prepareUnit(context: CopyContext, unit: CopyUnit, noted: NotedUnit): Promise<CopyUnit> {
  const { target, journal } = context
  if (noted.state === 'planned') await tryOpening(context, unit)
  if (target.kind === 'file') {
    journal.setIndexState(unit.name, 'copying')
    return unit
  }
  const { cluster } = target
  if (unit.dataStream) return prepareDataStream(context, cluster, unit)
  let prepared = unit
  const exists = await indexExists(cluster, unit.targetIndex)
  if (noted.state === 'planned' && exists) prepared = await checkExisting(context, cluster, unit)
  // From here on an index of this name is known to be meant, so that a crash between the note and the creation is harmless.
  if (noted.state === 'planned') {
    journal.recordDefinition(unit.name, { target: unit.targetIndex, definition: asJson(prepared) })
    journal.setIndexState(unit.name, 'preparing')
  }
  if (exists) await relaxExisting(cluster, prepared, context.relax, journal)
  else if (noted.state === 'copying') throw vanished(cluster, unit)
  else prepared = { ...prepared, isMade: await createOwn(context, cluster, prepared, noted) }
  if (prepared.targetUuid === undefined) {
    prepared = { ...prepared, targetUuid: await readIndexUuid(cluster, unit.targetIndex) }
    journal.recordDefinition(unit.name, { target: unit.targetIndex, definition: asJson(prepared) })
  }
  journal.setIndexState(unit.name, 'copying')
  return prepared
}

/** Before anything is created: a query that is refused, a privilege or a file that is missing, a broken module leave nothing behind. */
async function tryOpening(context: CopyContext, unit: CopyUnit): Promise<void> {
  const { source, reading } = context
  await openTransform(unit, context.edits, context.transformModule)
  if (source.kind === 'cluster') {
    await using opened = await (context.openSource?.(unit) ?? openUnitSource(source, unit, reading))
    await opened.countDocuments()
    await tellHidden(context, source.cluster, unit)
  } else if (source.file !== '-') {
    // Not opened: what is read from a pipe is gone.
    await access(source.file, constants.R_OK).catch((cause: Error) => {
      throw new IndexferryError('FILE_UNREADABLE', `the file ${source.file} cannot be read: ${cause.message}`, {
        side: 'file',
        cause,
      })
    })
  }
}

/** What is carried looks whole from here, also to a verification with the same credentials. */
async function tellHidden({ plan, carriesDeletes }: CopyContext, cluster: Cluster, unit: CopyUnit): Promise<void> {
  if (!(await hidesParts(cluster, unit.sourceIndex))) return
  const hidden = `${cluster.name} hides documents or fields of ${unit.sourceIndex} from these credentials (document level or field level security, masked fields)`
  if (carriesDeletes)
    throw new IndexferryError('SOURCE_FILTERED', hidden, { side: 'source', fields: { index: unit.sourceIndex } })
  plan.note(`${hidden}: only what they see is copied`)
}

/**
 * A run that was killed may have sent the same request before, and the server may carry it out only now. Answers with whether the index is
 * certainly this copy's.
 */
async function createOwn(context: CopyContext, cluster: Cluster, unit: CopyUnit, noted: NotedUnit): Promise<boolean> {
  const { relax, journal } = context
  try {
    await createRelaxed(cluster, unit, relax, journal)
    return true
  } catch (error) {
    if (noted.state !== 'preparing' || !isErrorOf(error, 'INDEX_DIFFERS')) throw error
    await relaxExisting(cluster, unit, relax, journal)
    return false
  }
}

const asJson = (unit: CopyUnit): JsonValue => unit as unknown as JsonValue

const vanished = (cluster: Cluster, unit: CopyUnit): IndexferryError =>
  new IndexferryError(
    'INDEX_MISSING',
    `target ${cluster.name}: index ${unit.targetIndex}, into which half of the documents were copied, is gone`,
    {
      side: 'target',
      remedy: 'Start the copy again with --restart.',
      fields: { index: unit.targetIndex },
    },
  )

/** An index of somebody else: it must fit, and must be empty unless the user wants the documents in there. */
async function checkExisting(context: CopyContext, cluster: Cluster, unit: CopyUnit): Promise<CopyUnit> {
  const uuid = await readIndexUuid(cluster, unit.targetIndex)
  if (uuid !== undefined && uuid === unit.sourceUuid) {
    throw new IndexferryError(
      'SAME_INDEX',
      `source and target are the same index: ${unit.targetIndex} on ${cluster.name}`,
      {
        fields: { index: unit.targetIndex },
      },
    )
  }
  if (unit.definition && !context.acceptDefinition) {
    const actual = await readDefinition(cluster, unit.targetIndex)
    const differences = compareDefinitions(unit.definition, actual)
    if (!fits(differences)) {
      const named = differences
        .filter(({ kind }) => kind === 'differs')
        .map(({ path, expected, actual: found }) => `${path} is ${text(found)} instead of ${text(expected)}`)
      const more = named.length > 5 ? ` and ${named.length - 5} more` : ''
      throw new IndexferryError(
        'INDEX_DIFFERS',
        `target ${cluster.name}: index ${unit.targetIndex} is there already and does not fit: ${named.slice(0, 5).join('; ')}${more}`,
        { side: 'target', fields: { index: unit.targetIndex } },
      )
    }
  }
  await cluster.json({ method: 'POST', path: indexPath(unit.targetIndex, '_refresh') })
  const documents = await countSelected({ cluster, index: unit.targetIndex, documentBytesMax: 1, readers: 1 })
  if (documents > 0 && !context.intoExisting) {
    throw new IndexferryError(
      'TARGET_NOT_EMPTY',
      `target ${cluster.name}: index ${unit.targetIndex} already holds ${documents} documents`,
      { side: 'target', fields: { index: unit.targetIndex, documents } },
    )
  }
  const signal = AbortSignal.any([context.stop, context.abort])
  await untilDeletesForgotten(cluster, unit.targetIndex, { note: context.plan.note, signal })
  if (documents === 0) return unit
  // Versions must lie above all that are there, or the documents that are there would win.
  return { ...unit, versionBase: await highestVersion(cluster, unit.targetIndex, context.abort) }
}

const text = (value: JsonValue | undefined): string => (value === undefined ? 'not there' : JSON.stringify(value))

/** A data stream takes only `create`, and its settings belong to its template: nothing is relaxed. */
async function prepareDataStream(context: CopyContext, cluster: Cluster, unit: CopyUnit): Promise<CopyUnit> {
  const { name, timeField } = unit.dataStream!
  const { status } = await cluster.json({
    method: 'GET',
    path: `/_data_stream/${encodeURIComponent(name)}`,
    accept: [404],
  })
  if (status === 404 && unit.definition)
    await createDataStream(cluster, name, unit.definition, timeField, context.abort)
  context.journal.setIndexState(unit.name, 'copying')
  return unit
}
