// What the definition of a source index says about reading it, now and when it is followed later.
import type { Capabilities } from '../../cluster/capabilities.ts'
import type { IndexDefinition } from '../../model/index-definition.ts'
import type { JsonObject } from '../../model/json.ts'
import { decodeIndexSettings, type IndexSettings } from '../../source/index-settings.ts'
import { type ChosenWay, chooseWay, type WayToRead } from '../../source/open-search-source.ts'
import { findSourceGap } from '../../source/stored-source.ts'
import { flattenSettings } from '../../transform/setting-paths.ts'
import { type Finding, finding } from './assessment.ts'

export interface SourceIndexChecks {
  readonly definition: IndexDefinition
  readonly capabilities: Capabilities
  readonly wantedWay: WayToRead | undefined
  readonly allowIncompleteSource: boolean
  /** Whether a gateway that records the writes to it is in front of it. */
  readonly isRecorded?: boolean | undefined
}

export function checkSourceIndex(checks: SourceIndexChecks): { way: ChosenWay | undefined; findings: Finding[] } {
  const { definition, capabilities, wantedWay } = checks
  const settings = new Map(flattenSettings(definition.settings).map(([name, value]) => [name, String(value)]))
  const raw = definition.settings as JsonObject & Parameters<typeof decodeIndexSettings>[0]
  const chosen = chooseWay(capabilities, decodeIndexSettings(raw), wantedWay)
  const isReadable = typeof chosen !== 'string'
  const reading = isReadable
    ? finding('reading', 'ok', `it is read ${chosen.reason}`)
    : finding('reading', 'error', `it cannot be read: ${chosen}`, 'Leave --read-by out, or name another way.')
  return {
    way: isReadable ? chosen : undefined,
    findings: [
      reading,
      ...checkStored(checks),
      ...checkSourceBlocks(settings),
      ...checkFollowing(decodeIndexSettings(raw), capabilities, checks.isRecorded === true),
      ...checkManaged(settings),
    ],
  }
}

/** What refuses a copy is a problem of the plan already; here is what a copy goes on with. */
function checkStored({ definition, allowIncompleteSource }: SourceIndexChecks): Finding[] {
  const gap = findSourceGap(definition)
  if (!gap) return [finding('documents', 'ok', 'the documents are stored whole (_source)')]
  if (gap.kind === 'synthetic') return [finding('documents', 'warning', gap.reason)]
  return allowIncompleteSource ? [finding('documents', 'warning', `${gap.reason}; what is missing is not copied`)] : []
}

function checkSourceBlocks(settings: ReadonlyMap<string, string>): Finding[] {
  const isOn = (block: string) => settings.get(`blocks.${block}`) === 'true'
  const findings: Finding[] = []
  if (isOn('read')) {
    findings.push(
      finding(
        'blocks',
        'error',
        'the index forbids reading (index.blocks.read)',
        'Set index.blocks.read to false on the source.',
      ),
    )
  }
  const frozen = ['write', 'read_only', 'read_only_allow_delete'].find(isOn)
  if (frozen)
    findings.push(
      finding('blocks', 'note', `the index takes no writes (index.blocks.${frozen}): a copy of it is final`),
    )
  return findings
}

/** By which way changes are seen; none needs soft deletes. */
function checkFollowing(settings: IndexSettings, capabilities: Capabilities, isRecorded: boolean): Finding[] {
  const chosen = chooseWay(capabilities, settings, 'sequence')
  if (typeof chosen !== 'string') {
    return [finding('following', 'ok', 'sequence: it can be followed by its sequence numbers, deletes within seconds')]
  }
  if (!capabilities.scroll) return [finding('following', 'warning', `it cannot be followed: ${chosen}`)]
  if (isRecorded) {
    const way = 'it can be followed by the log of the gateway in front of it, once all writers write through that'
    return [finding('following', 'ok', `recorded: ${way} (${chosen})`)]
  }
  const cost = 'following reads the ids and versions of all documents again and again (--sweep-interval)'
  return [finding('following', 'note', `sweep: ${chosen}, so ${cost}, and is as far behind as that takes`)]
}

/** What the source does with the index by itself and the target will not. */
function checkManaged(settings: ReadonlyMap<string, string>): Finding[] {
  const findings: Finding[] = []
  const policy = [...settings].find(([name, value]) => value !== '' && policySettings.includes(name))
  if (policy) {
    findings.push(
      finding(
        'settings',
        'note',
        `it is managed by the policy ${policy[1]} (${policy[0]}), which is not copied and may roll over, shrink or delete it meanwhile`,
      ),
    )
  }
  for (const name of ['default_pipeline', 'final_pipeline']) {
    const pipeline = settings.get(name)
    if (pipeline !== undefined && pipeline !== '_none') {
      findings.push(
        finding(
          'settings',
          'note',
          `its ingest pipeline ${pipeline} (${name}) is not copied: documents come out of it already changed`,
        ),
      )
    }
  }
  if (settings.get('store.type') === 'snapshot' || settings.has('store.snapshot.repository_name')) {
    findings.push(
      finding('reading', 'note', 'it lies in a searchable snapshot: reading it fetches it from the object store'),
    )
  }
  return findings
}

const policySettings: readonly string[] = [
  'lifecycle.name',
  'plugins.index_state_management.policy_id',
  'opendistro.index_state_management.policy_id',
  'index_state_management.policy_id',
]
