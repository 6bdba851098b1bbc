// The report as a page that a person reads and signs.
import type { DefinitionDifference } from './compare-definitions.ts'
import { type DifferenceClass, differenceClasses } from './difference.ts'
import type { DifferenceReport, SideReport, VerificationReport } from './report.ts'

const verdicts: Record<VerificationReport['verdict'], string> = {
  equal: 'EQUAL: both sides hold the same documents',
  different: 'DIFFERENT: the sides do not hold the same',
  incomplete: 'INCOMPLETE: no difference was found, but not everything could be compared',
}

const meanings: Record<DifferenceClass, string> = {
  missing: 'only in the source',
  extra: 'only in the target',
  changed: 'in both, with another content',
  doubled: 'in both, a different number of times',
  rejected: 'refused by the target, as the copy reported',
}

export function formatReport(report: VerificationReport): string {
  const lines = [
    '# Verification',
    '',
    `**${verdicts[report.verdict]}**`,
    '',
    ...sidesTable(report),
    '',
    `- begun ${report.begun}, ended ${report.ended}${report.isResumed ? ' (went on after an interruption)' : ''}, ${seconds(report.durationMs)}`,
    `- ${comparedHow(report)}`,
    `- the digest is the sum of the 128-bit digests of all documents (type, id, routing, content); it does not depend on their order`,
    '',
    ...differenceLines(report.differences),
    ...definitionLines(report),
    ...repairLines(report),
    '',
    'Name and signature: ______________________________   Date: ______________',
    '',
  ]
  return lines.join('\n')
}

function sidesTable({ source, target }: VerificationReport): string[] {
  const row = (title: string, value: (side: SideReport) => string) =>
    `| ${title} | ${value(source)} | ${value(target)} |`
  return [
    '| | source | target |',
    '|--|--|--|',
    row('where', ({ name }) => inline(name)),
    row('version', ({ version }) => version ?? 'file'),
    row('index', ({ index }) => inline(index)),
    row('documents', ({ documents }) => thousands(documents)),
    row('bytes of _source', ({ bytes }) => thousands(bytes)),
    row('without _source', ({ withoutSource }) => thousands(withoutSource)),
    row('digest', ({ digest }) => `\`${digest}\``),
  ]
}

function comparedHow({ compared }: VerificationReport): string {
  const how = compared.by === 'bytes' ? 'byte for byte' : 'as JSON values (order of keys and white space do not count)'
  const share = compared.sampleShare < 1 ? ` of ${compared.sampleShare * 100} % of the documents, ids of all` : ''
  const types = compared.types === 'compare' ? ', with mapping types' : ''
  const transformed = compared.isTransformed ? ', after the transform of the copy' : ''
  return `compared: content${share}, ${how}${types}${transformed}`
}

function differenceLines(differences: DifferenceReport): string[] {
  const { counts, listed, total, isExact, settled, writtenMeanwhile, notCompared, moving = 0 } = differences
  const lines = [`## Documents that differ: ${isExact ? '' : 'at least '}${thousands(total)}`, '']
  for (const name of differenceClasses) {
    if (counts[name] === 0) continue
    lines.push(`- ${name} (${meanings[name]}): ${thousands(counts[name])}`)
    for (const { id, routing } of listed[name]) {
      lines.push(`  - ${inline(id)}${routing === undefined ? '' : ` (routing ${inline(routing)})`}`)
    }
    if (listed[name].length < counts[name]) lines.push(`  - and ${thousands(counts[name] - listed[name].length)} more`)
  }
  if (settled > 0) lines.push(`- equal when looked at again: ${thousands(settled)}`)
  if (writtenMeanwhile > 0) lines.push(`- written meanwhile, compared one by one: ${thousands(writtenMeanwhile)}`)
  if (moving > 0) lines.push(`- written too often to be compared: ${thousands(moving)}`)
  if (notCompared > 0) lines.push(`- not compared because of limits: ${thousands(notCompared)}`)
  return [...lines, '']
}

const kinds: Record<DefinitionDifference['kind'], string> = {
  differs: 'differs',
  note: 'fits, not as planned',
  extra: 'only the target has it',
}

function definitionLines({ definitions }: VerificationReport): string[] {
  const value = (side: unknown) => (side === undefined ? 'nothing' : inline(JSON.stringify(side)))
  const differing = definitions.filter(({ kind }) => kind === 'differs').length
  return [
    differing > 0 ? `## Definitions differ: ${thousands(differing)}` : '## Definitions fit',
    '',
    ...definitions.map(
      ({ path, expected, actual, kind }) =>
        `- ${inline(path)} (${kinds[kind]}): expected ${value(expected)}, found ${value(actual)}`,
    ),
    '',
  ]
}

function repairLines({ repair }: VerificationReport): string[] {
  if (!repair) return []
  const before = differenceClasses
    .filter((name) => repair.before[name] > 0)
    .map((name) => `${thousands(repair.before[name])} ${name}`)
  return [
    '## Repaired',
    '',
    `- found before: ${before.join(', ') || 'nothing'}`,
    `- written ${thousands(repair.written)}, deleted ${thousands(repair.deleted)}, refused ${thousands(repair.rejected.length)}`,
    ...repair.rejected.slice(0, 100).map(({ id, reason }) => `  - ${inline(id)}: ${oneLine(reason)}`),
    '',
  ]
}

/** Text from outside: on one line, and unable to break out of its place in the page. */
const inline = (text: string): string => `\`${oneLine(text).replaceAll('`', "'").replaceAll('|', '\\|')}\``

// biome-ignore lint/suspicious/noControlCharactersInRegex: ids may hold them, a report must not
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f]+/g, ' ')

const thousands = (value: number): string => value.toLocaleString('en-US')

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
