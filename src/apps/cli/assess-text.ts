// An assessment as people read it: a table of the indexes, then what was found, the worst first, each error with its remedy.
import type { AssessedIndex, AssessedSide, Assessment, Finding } from '../../migration/assess/assessment.ts'
import { formatBytes, formatCount, formatSeconds, formatTable, wrap } from './format.ts'

const rowsMax = 60
const namesMax = 30

export function formatAssessment(assessment: Assessment): string {
  const { findings, indexes } = assessment
  const parts = [headline(assessment)]
  if (indexes.length > 0) parts.push(indexTable(indexes))
  if (findings.length > 0) parts.push(section('Both sides', findings))
  for (const { title, findings: own } of grouped(indexes)) parts.push(section(title, own))
  const total = totals(assessment)
  if (total) parts.push(total)
  return parts.join('\n\n')
}

function headline(assessment: Assessment): string {
  const all = [...assessment.findings, ...assessment.indexes.flatMap((index) => index.findings)]
  const count = (severity: Finding['severity'], word: string): string[] => {
    const number = all.filter((each) => each.severity === severity).length
    return number === 0 ? [] : [`${number} ${word}${number === 1 ? '' : 's'}`]
  }
  const counts = [...count('error', 'error'), ...count('warning', 'warning')]
  const verdict = { ok: 'would succeed', warning: 'would succeed', error: 'would fail' }[assessment.verdict]
  const about = counts.length > 0 ? ` (${counts.join(', ')})` : ''
  return wrap(`A copy from ${side(assessment.source)} to ${side(assessment.target)} ${verdict}${about}.`, '', '').join(
    '\n',
  )
}

const side = ({ name, version }: AssessedSide): string => (version === null ? name : `${name} (${version})`)

function indexTable(indexes: readonly AssessedIndex[]): string {
  const rows = indexes
    .slice(0, rowsMax)
    .map((index) => [
      { ok: 'ok', warning: 'warning', error: 'ERROR' }[index.verdict],
      shorten(index.type === undefined ? index.source : `${index.source}/${index.type}`, namesMax),
      shorten(index.target ?? '-', namesMax),
      index.documents === null ? '?' : formatCount(index.documents),
      index.bytes === null ? '?' : formatBytes(index.bytes),
      { sequence: 'sequence', scroll: 'scroll', pointInTime: 'pit', file: 'file', none: '-' }[index.readBy ?? 'none'],
    ])
  const table = formatTable([['', 'SOURCE', 'TARGET', 'DOCUMENTS', 'SIZE', 'READ BY'], ...rows], [3, 4])
  return indexes.length > rowsMax ? `${table}\n… and ${indexes.length - rowsMax} more, in --json` : table
}

interface Group {
  title: string
  findings: readonly Finding[]
}

/** Indexes about which the same was found are told together: those of a pattern mostly are alike. */
function grouped(indexes: readonly AssessedIndex[]): Group[] {
  const groups = Map.groupBy(indexes, (index) => {
    const said = index.findings.map(({ check, severity, message, remedy }) => [check, severity, message, remedy])
    const names = [index.target ?? '', index.source].filter(Boolean).sort((a, b) => b.length - a.length)
    return names.reduce((text, name) => text.replaceAll(name, '*'), JSON.stringify(said))
  })
  return [...groups.values()].map((alike) => {
    const names = alike.slice(0, 3).map(({ source, type }) => (type === undefined ? source : `${source}/${type}`))
    const more = alike.length > 3 ? ` and ${formatCount(alike.length - 3)} more` : ''
    return { title: `Index ${[...new Set(names)].join(', ')}${more}`, findings: alike[0]?.findings ?? [] }
  })
}

const labels = { error: 'ERROR', warning: 'warning', note: 'note', ok: 'ok' } as const

/** What fits is one line of words; everything else is a line of its own. */
function section(title: string, findings: readonly Finding[]): string {
  const lines = wrap(title, '', '')
  const indent = ' '.repeat(12)
  for (const { severity, message, remedy } of findings.filter(({ severity }) => severity !== 'ok')) {
    lines.push(...wrap(message, `  ${labels[severity].padEnd(10)}`, indent))
    if (remedy !== undefined && severity !== 'note') lines.push(...wrap(`→ ${remedy}`, indent, `${indent}  `))
  }
  const fitting = findings.filter(({ severity }) => severity === 'ok').map(({ message }) => message)
  if (fitting.length > 0) lines.push(...wrap(fitting.join('; '), `  ${labels.ok.padEnd(10)}`, indent))
  return lines.join('\n')
}

function totals({ estimate }: Assessment): string | undefined {
  if (!estimate) return undefined
  const { documents, bytes, documentBytes, seconds, basis } = estimate
  const json = documentBytes === null ? '' : `, about ${formatBytes(documentBytes)} as JSON`
  const time = seconds === null ? '' : `, perhaps ${formatSeconds(seconds)}`
  const text = `In all ${formatCount(documents)} documents, ${formatBytes(bytes)} in the source${json}${time} (${basis}).`
  return wrap(text, '', '').join('\n')
}

const shorten = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max - 1)}…` : text)
