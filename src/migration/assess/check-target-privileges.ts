// Tries on the target every kind of call that a copy makes, with a throw-away index of its own.
import { explainAnswer } from '../../cluster/answer-errors.ts'
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { IndexferryError } from '../../foundation/errors.ts'
import { checkDefinition, checkProbeDeletion } from '../../target/create-index.ts'
import { writeSettings } from '../../target/relaxed-settings.ts'
import { type Finding, finding } from './assessment.ts'
import { type Attempt, attemptCall } from './attempt-call.ts'

export interface TargetPrivileges {
  /** Whether indexes can be created and deleted, so that definitions can be tried. */
  readonly canProbe: boolean
  readonly findings: readonly Finding[]
}

const empty = { name: 'probe', types: [], mappings: {}, settings: {}, aliases: {} }

export async function checkTargetPrivileges(cluster: Cluster, signal: AbortSignal): Promise<TargetPrivileges> {
  const findings: Finding[] = []
  let canProbe = false
  // Without the right to delete, a probe would be left behind: so that is asked first.
  const deletes = await attemptCall(findings, attempt('delete indexes named indexferry-probe-*'), async () => {
    await checkProbeDeletion(cluster)
    return true
  })
  if (!deletes) return { canProbe, findings: findings.map(explainProbe) }
  const creates = await attemptCall(findings, attempt('create indexes named indexferry-probe-*'), async () => {
    const refused = await checkDefinition(cluster, { name: 'probe', definition: empty }, signal, async (probe) => {
      canProbe = true
      await tryWrites(findings, cluster, probe, signal)
    })
    if (refused) throw refused
    return true
  })
  if (!creates && !canProbe) return { canProbe, findings: findings.map(explainProbe) }
  if (findings.length === 0) {
    findings.push(finding('privileges', 'ok', 'the user of the target may create, write, change and delete indexes'))
  }
  return { canProbe, findings }
}

const attempt = (what: string): Attempt => ({ check: 'privileges', what })

/** A role for `logs-*` alone cannot make a probe, though it might copy. */
const explainProbe = (found: Finding): Finding =>
  found.check === 'privileges'
    ? { ...found, remedy: `${found.remedy} The role must cover indexferry-probe-* as well as the target indexes.` }
    : found

async function tryWrites(findings: Finding[], cluster: Cluster, probe: string, signal: AbortSignal): Promise<void> {
  const tries: readonly (readonly [what: string, call: () => Promise<unknown>])[] = [
    ['see whether an index is there', () => cluster.bytes({ method: 'HEAD', path: indexPath(probe), accept: [404] })],
    ['read settings of indexes', () => cluster.json({ method: 'GET', path: indexPath(probe, '_settings') })],
    ['change settings of indexes', () => writeSettings(cluster, probe, { refresh_interval: '-1' })],
    ['write documents', () => writeDocument(cluster, probe, signal)],
    ['refresh indexes', () => cluster.json({ method: 'POST', path: indexPath(probe, '_refresh'), signal })],
    ['count and search documents', () => cluster.json({ method: 'GET', path: indexPath(probe, '_count'), signal })],
    ['set aliases', () => setAlias(cluster, probe, signal)],
  ]
  for (const [what, call] of tries) {
    signal.throwIfAborted()
    await attemptCall(findings, attempt(what), call)
  }
  const statistics = {
    ...attempt('read the statistics of indexes'),
    severity: 'warning',
    without: 'verify needs them',
  } as const
  if (!cluster.capabilities.clusterCalls) return
  await attemptCall(findings, statistics, () =>
    cluster.json({ method: 'GET', path: indexPath(probe, '_stats/docs,store'), signal }),
  )
}

interface BulkItem {
  readonly status: number
  readonly error?: unknown
}

/** With an external version and a field that the mapping does not have yet, as documents of a copy have. */
async function writeDocument(cluster: Cluster, probe: string, signal: AbortSignal): Promise<void> {
  const { mappingTypes } = cluster.capabilities
  const type = mappingTypes === 'several' ? { _type: 'doc' } : mappingTypes === 'one' ? { _type: '_doc' } : {}
  const action = { index: { _id: 'probe', ...type, version: 1, version_type: 'external' } }
  const { body } = await cluster.json<{ readonly items: readonly { readonly index?: BulkItem }[] }>({
    method: 'POST',
    path: indexPath(probe, '_bulk'),
    contentType: 'ndjson',
    body: Buffer.from(`${JSON.stringify(action)}\n${JSON.stringify({ written_by: 'indexferry assess' })}\n`),
    signal,
  })
  // A privilege that is missing for the item is told in the item, with status 200 around it.
  const item = body.items[0]?.index
  if (!item?.error) return
  const { code, reason, type: errorType } = explainAnswer(item.status, JSON.stringify({ error: item.error }), true)
  throw new IndexferryError(code, `${cluster.name}: a document was refused: ${reason}`, {
    side: cluster.side,
    fields: { status: item.status, errorType, reason },
  })
}

async function setAlias(cluster: Cluster, probe: string, signal: AbortSignal): Promise<void> {
  const actions = [{ add: { index: probe, alias: `${probe}-alias` } }]
  await cluster.json({ method: 'POST', path: '/_aliases', body: { actions }, signal })
}
