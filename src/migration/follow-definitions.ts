// Carries what changes in the definition of a followed index: mapping, settings and aliases, in the words of the target's version.
//
// A document lies on the source under a mapping that was there before it. So the source's mapping as it is after a look at the source holds for
// every document of that look, and it must be on the target before they are: the target would guess what their new fields are.
import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Cluster } from '../cluster/cluster.ts'
import { assert } from '../foundation/assert.ts'
import { monotonicMs } from '../foundation/clock.ts'
import { IndexferryError } from '../foundation/errors.ts'
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import type { CarriedDefinition, DefinitionJournal } from '../mechanism/follow-journal.ts'
import type { FollowedDefinition } from '../mechanism/follow-unit.ts'
import type { IndexDefinition } from '../model/index-definition.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { ClusterChanges } from '../source/cluster-changes.ts'
import { readDefinition } from '../source/read-definition.ts'
import { type Refused, updateAliases, updateMapping, updateSettings } from '../target/update-index.ts'
import { type CarriedParts, definitionDelta } from '../transform/definition-delta.ts'
import type { DefinitionOptions } from '../transform/definition-plan.ts'
import { planDefinition } from '../transform/plan-definition.ts'
import { flattenSettings, nestSettings } from '../transform/setting-paths.ts'

/**
 * How often it is looked whether settings and aliases changed, which they do without documents. Where asking is not cheap, and where reading finds
 * nothing new time after time because other things in the cluster change, it is the longer one.
 */
const pauseMs = { least: 3_000, most: 60_000, growth: 1.5 }
/** Where nothing waits for the answer, all indexes of a cluster share one that is not older. */
const sharedMs = 1_000
/** A node may learn of a change of the cluster's state somewhat later than the one that was asked for its version. */
const settlingMs = 2_000

export interface FollowDefinitionsOptions {
  readonly unit: CopyUnit
  readonly source: Cluster
  readonly target: Cluster
  readonly definition: DefinitionOptions
  readonly journal: DefinitionJournal
  /** Aliases are left alone. */
  readonly withholdAliases?: boolean | undefined
}

/** How much may be changed: during the first copy settings are relaxed, and aliases come when it is done. */
type Extent = 'mapping' | 'all'

export class FollowDefinitions implements FollowedDefinition {
  private readonly options: FollowDefinitionsOptions
  private readonly changes: ClusterChanges
  private carried: CarriedDefinition | undefined
  private digest = ''
  /** The version of the cluster's state when the definition was read last. */
  private version: string | undefined
  private readMs = Number.NEGATIVE_INFINITY
  private settledMs = Number.POSITIVE_INFINITY
  private nextMs = Number.NEGATIVE_INFINITY
  private pauseMs = pauseMs.least
  private wishes = ''

  constructor(options: FollowDefinitionsOptions) {
    this.options = options
    this.changes = ClusterChanges.of(options.source)
    const { unit, journal, withholdAliases } = options
    const created = unit.definition && { ...unit.definition, ...(withholdAliases ? { aliases: {} } : {}) }
    this.carried = journal.readCarried(unit.name) ?? (created && { ...created, refused: {} })
  }

  get refused(): readonly string[] {
    return Object.entries(this.carried?.refused ?? {}).map(([path, why]) => `${path}: ${why}`)
  }

  beforeDocuments(signal: AbortSignal): Promise<void> {
    return this.look('all', signal)
  }

  async beforeFirstCopy(signal: AbortSignal): Promise<void> {
    await this.look('mapping', signal)
  }

  async nowAndThen(signal: AbortSignal): Promise<void> {
    if (monotonicMs() < this.nextMs) return
    // What was refused may be taken by now.
    if (this.refused.length > 0) this.digest = ''
    await this.look('all', signal, sharedMs)
    const refused = Object.keys(this.carried?.refused ?? {})
    const isSlow =
      this.version === undefined || (refused.length > 0 && !refused.some((path) => path.startsWith('aliases.')))
    this.nextMs = monotonicMs() + (isSlow ? pauseMs.most : this.pauseMs)
  }

  private async look(extent: Extent, signal: AbortSignal, ageMsMax?: number): Promise<void> {
    const startMs = monotonicMs()
    const version = await this.changes.version(ageMsMax)
    // The settings that somebody wants for the target may change as well (`_update` of a replication).
    const wishes = JSON.stringify(this.options.definition)
    if (wishes !== this.wishes) this.digest = ''
    this.wishes = wishes
    signal.throwIfAborted()
    const isSame = version !== undefined && version === this.version
    if (isSame && this.readMs >= this.settledMs && this.digest !== '') return
    if (!isSame) this.settledMs = startMs + settlingMs
    const isNews = await this.carry(extent, signal)
    this.pauseMs = isNews ? pauseMs.least : Math.min(pauseMs.most, this.pauseMs * pauseMs.growth)
    this.version = version
    this.readMs = startMs
  }

  /** Whether the source's definition is another one than at the last time. */
  private async carry(extent: Extent, signal: AbortSignal): Promise<boolean> {
    const { unit, source } = this.options
    const definition = await readDefinition(source, unit.sourceIndex)
    // The next look at the documents says that this is another index.
    const { uuid } = definition.settings
    if (unit.sourceUuid !== undefined && uuid !== undefined && uuid !== unit.sourceUuid) return false
    const digest = createHash('sha256').update(JSON.stringify(definition)).digest('base64')
    if (digest === this.digest) return false
    const planned = this.plan(definition)
    // What an index has that was filled before is taken for what the source had when following began.
    this.carried ??= { ...planned, refused: {} }
    await this.apply(this.carried, planned, extent, signal)
    this.digest = digest
    return true
  }

  /** The same rewriting as at the start, with the wishes of the user in it. */
  private plan(definition: IndexDefinition): CarriedParts {
    const { unit, source, target, definition: wishes } = this.options
    const plan = planDefinition(definition, source.version, target.version, wishes)
    const [problem] = plan.problems
    if (problem) {
      throw new IndexferryError(
        'DEFINITION_NOT_CARRIED',
        `the new definition of index ${unit.sourceIndex} does not fit the target: ${problem.path}: ${problem.reason}`,
        { side: 'target', remedy: problem.remedy, fields: { index: unit.targetIndex } },
      )
    }
    const { sourceType } = unit
    const split = plan.targets.find(({ sourceTypes }) => sourceType !== undefined && sourceTypes?.[0] === sourceType)
    const planned = (split ?? plan.targets[0])?.definition
    assert(planned, 'a plan has a target')
    const { types, mappings, settings, aliases } = planned
    return { types, mappings, settings, aliases: this.options.withholdAliases ? {} : aliases }
  }

  /** Limits are settings, and a mapping may need them raised; documents need the mapping. */
  private async apply(
    before: CarriedDefinition,
    planned: CarriedParts,
    extent: Extent,
    signal: AbortSignal,
  ): Promise<void> {
    const { unit, target, journal } = this.options
    const index = unit.targetIndex
    const delta = definitionDelta(before, planned)
    const settings = settingsToTell(delta.settings, planned.settings, extent)
    const aliases = extent === 'all' ? delta.aliases : new Map<string, JsonValue>()
    const refusedSettings = await updateSettings(target, index, settings)
    for (const each of delta.mappings) await updateMapping(target, index, each, signal)
    const refusedAliases = await updateAliases(target, index, aliases, signal)
    // What was refused differs from what is planned as long as it is so, and is told again.
    const carried: CarriedDefinition = {
      types: planned.types,
      mappings: planned.mappings,
      settings: nestSettings(told(new Map(flattenSettings(before.settings)), settings, refusedSettings)),
      aliases: Object.fromEntries(told(new Map(Object.entries(before.aliases)), aliases, refusedAliases)),
      refused: { ...prefixed('settings.', refusedSettings), ...prefixed('aliases.', refusedAliases) },
    }
    if (isDeepStrictEqual(carried, before)) return
    journal.saveCarried(unit.name, carried)
    this.carried = carried
  }
}

/** Relaxed by the copy; what was noted of the target is put back at its end. */
const heldInFirstCopy = ['refresh_interval', 'number_of_replicas', 'auto_expand_replicas']

function settingsToTell(
  changed: ReadonlyMap<string, JsonValue>,
  planned: JsonObject,
  extent: Extent,
): ReadonlyMap<string, JsonValue> {
  const settings = new Map(changed)
  // Raised while the index is followed, so that a late write is told from a new one; put back in the end.
  settings.delete('gc_deletes')
  // For how many copies a write waits is the business of whoever writes.
  settings.delete('write.wait_for_active_shards')
  const expand = planned.auto_expand_replicas
  // The server itself chooses the number then.
  if (expand !== undefined && String(expand) !== 'false') settings.delete('number_of_replicas')
  if (extent === 'mapping') for (const setting of heldInFirstCopy) settings.delete(setting)
  return settings
}

/** Some settings are refused as a group (`analysis`). */
function told(
  before: ReadonlyMap<string, JsonValue>,
  changes: ReadonlyMap<string, JsonValue>,
  refused: Refused,
): Map<string, JsonValue> {
  const after = new Map(before)
  for (const [name, value] of changes) {
    if (refused.has(name) || refused.has(name.replace(/\..*$/, ''))) continue
    if (value === null) after.delete(name)
    else after.set(name, value)
  }
  return after
}

const prefixed = (prefix: string, refused: Refused): Record<string, string> =>
  Object.fromEntries([...refused].map(([name, why]) => [`${prefix}${name}`, why]))
