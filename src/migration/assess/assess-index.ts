// Everything about one index on its way: how it is read, what its definition becomes, and what stands on the target.
import type { Cluster } from '../../cluster/cluster.ts'
import type { CopyUnit } from '../../mechanism/copy-unit.ts'
import { type ReadingOptions, type SourceSide, selectionOf, type TargetSide } from '../../mechanism/open-unit.ts'
import { isJsonObject } from '../../model/json.ts'
import { readDefinition } from '../../source/read-definition.ts'
import { findRecordedLog } from '../../source/recorded-log.ts'
import type { DefinitionChange } from '../../transform/definition-plan.ts'
import { flattenSettings } from '../../transform/setting-paths.ts'
import type { CopyPlan } from '../copy-plan.ts'
import { wayToFollow } from '../open-changes.ts'
import { type AssessedIndex, type Finding, finding, findingOf, verdictOf, worstFirst } from './assessment.ts'
import { attemptCall } from './attempt-call.ts'
import { checkIndexHealth } from './check-cluster-health.ts'
import { checkSourceFile } from './check-files.ts'
import { checkSourceIndex } from './check-source-index.ts'
import { checkAlias, checkTargetIndex, readNameOwner } from './check-target-index.ts'
import type { ClusterFacts } from './cluster-facts.ts'
import type { DefinitionTrials } from './definition-trials.ts'
import { probeSourceIndex } from './probe-source-index.ts'

export interface IndexContext {
  readonly source: SourceSide
  readonly target: TargetSide
  readonly reading: ReadingOptions
  readonly acceptDefinition: boolean
  readonly plan: CopyPlan
  readonly options: { readonly allowIncompleteSource: boolean }
  readonly facts: { readonly source: ClusterFacts | undefined; readonly target: ClusterFacts | undefined }
  /** Undefined where nothing can be tried on the target. */
  readonly trials: DefinitionTrials | undefined
  readonly signal: AbortSignal
}

type SourceRow = Pick<AssessedIndex, 'documents' | 'bytes' | 'documentBytes' | 'readBy' | 'findings'>

export async function assessIndex(context: IndexContext, unit: CopyUnit): Promise<AssessedIndex> {
  const { source, target, plan } = context
  const changes = plan.changes.filter(({ index }) => index === unit.sourceIndex)
  const row =
    source.kind === 'cluster' ? await assessSource(context, source.cluster, unit) : await assessFile(source.file)
  const isSettled = unit.targetIndex !== ''
  const found = [
    ...problemsOf(plan, unit),
    ...row.findings,
    ...changesAsFindings(changes),
    ...(target.kind === 'cluster' && isSettled ? await assessTarget(context, target.cluster, unit) : []),
  ]
  const findings = worstFirst(found).map((each) => ({ index: unit.sourceIndex, ...each }))
  return {
    source: source.kind === 'cluster' ? unit.sourceIndex : unit.name,
    ...(unit.sourceType === undefined ? {} : { type: unit.sourceType }),
    target: isSettled ? (unit.dataStream?.name ?? unit.targetIndex) : null,
    documents: row.documents,
    bytes: row.bytes,
    documentBytes: row.documentBytes,
    readBy: row.readBy,
    verdict: verdictOf(findings.map(({ severity }) => severity)),
    findings,
    changes: changes.map(({ index: _index, ...change }) => change),
  }
}

async function assessFile(file: string): Promise<SourceRow> {
  return { documents: null, documentBytes: null, readBy: 'file', ...(await checkSourceFile(file)) }
}

function problemsOf({ problems }: CopyPlan, unit: CopyUnit): Finding[] {
  return problems.flatMap((problem) => {
    const { code, fields } = problem
    if (fields.index === unit.sourceIndex) {
      return [findingOf(code === 'SOURCE_NOT_STORED' ? 'documents' : 'definition', problem)]
    }
    return fields.index === undefined && fields.target === unit.targetIndex ? [findingOf('target', problem)] : []
  })
}

/** What works differently is told change by change; what is only written differently is counted. */
function changesAsFindings(changes: readonly DefinitionChange[]): Finding[] {
  const findings = changes
    .filter(({ severity }) => severity === 'warning')
    .map(({ path, action, reason }) => finding('definition', 'warning', `${path} is ${action}: ${reason}`))
  const notes = changes.length - findings.length
  if (notes > 0)
    findings.push(
      finding(
        'definition',
        'note',
        `${notes === 1 ? 'one part' : `${notes} parts`} of the definition ${notes === 1 ? 'is' : 'are'} written differently`,
      ),
    )
  return findings
}

async function assessSource(context: IndexContext, cluster: Cluster, unit: CopyUnit): Promise<SourceRow> {
  const findings: Finding[] = []
  const index = unit.sourceIndex
  const attempt = { check: 'reading', what: `read the definition of ${index}` } as const
  const definition = await attemptCall(findings, attempt, () => readDefinition(cluster, index))
  const checked =
    definition &&
    checkSourceIndex({
      definition,
      capabilities: cluster.capabilities,
      wantedWay: context.reading.way,
      allowIncompleteSource: context.options.allowIncompleteSource,
      isRecorded: await isRecorded(findings, cluster, index),
    })
  const probe = await probeSourceIndex(selectionOf(cluster, unit, context.reading), checked?.way?.way, context.signal)
  const health = context.facts.source ? checkIndexHealth(context.facts.source.health, 'source', index) : []
  return {
    documents: probe.documents ?? null,
    bytes: probe.bytes ?? null,
    documentBytes: probe.documentBytes === undefined ? null : Math.round(probe.documentBytes),
    readBy: checked?.way?.way ?? null,
    findings: [...findings, ...(checked?.findings ?? []), ...health, ...probe.findings],
  }
}

/** Asked only where there is no better way. */
async function isRecorded(findings: Finding[], cluster: Cluster, index: string): Promise<boolean> {
  const attempt = { check: 'following', what: `find out how ${index} can be followed` } as const
  const log = await attemptCall(findings, attempt, async () =>
    (await wayToFollow(cluster, index)) === 'sweep' ? findRecordedLog(cluster, index) : undefined,
  )
  return log !== undefined
}

async function assessTarget(context: IndexContext, cluster: Cluster, unit: CopyUnit): Promise<Finding[]> {
  const { definition } = unit
  const name = unit.dataStream?.name ?? unit.targetIndex
  const findings = definition ? checkAnalysisFiles(flattenSettings(definition.settings)) : []
  // A copy itself does not look; it would be told by the target.
  const look = (of: string) =>
    ({
      check: 'target',
      what: `see what is named ${of} on the target`,
      severity: 'warning',
      without: 'whether the name is free is not known',
    }) as const
  const owner = await attemptCall(findings, look(name), () => readNameOwner(cluster, name))
  if (owner) findings.push(...checkTargetIndex(unit, owner, context.acceptDefinition))
  if (owner?.kind === 'index' && context.facts.target) {
    findings.push(...checkIndexHealth(context.facts.target.health, 'target', name))
  }
  for (const [alias, parameters] of Object.entries(unit.dataStream ? {} : (definition?.aliases ?? {}))) {
    const holder = await attemptCall(findings, look(alias), () => readNameOwner(cluster, alias))
    if (holder)
      findings.push(...checkAlias(alias, isJsonObject(parameters) ? parameters : {}, holder, unit.targetIndex))
  }
  if (!definition || (owner && owner.kind !== 'nobody')) return findings
  if (context.trials) return [...findings, ...(await context.trials.attempt(unit.targetIndex, definition))]
  findings.push(
    finding('definition', 'note', 'the definition was not tried on the target, which takes no probes of this user now'),
  )
  return findings
}

/** Files lie beside the server, where no API reaches them. */
function checkAnalysisFiles(settings: readonly (readonly [string, unknown])[]): Finding[] {
  return settings
    .filter(([name]) => name.startsWith('analysis.') && name.endsWith('_path'))
    .map(([name, file]) =>
      finding(
        'definition',
        'warning',
        `settings.${name} names the file ${String(file)}, which is not copied`,
        'Put the same file onto every node of the target (in its config folder).',
      ),
    )
}
