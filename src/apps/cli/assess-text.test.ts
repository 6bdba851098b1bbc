import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AssessedIndex, Assessment, Finding } from '../../migration/assess/assessment.ts'
import { formatAssessment } from './assess-text.ts'
import { columns, wrap } from './format.ts'

const index = (source: string, findings: readonly Finding[] = []): AssessedIndex => ({
  source,
  target: source,
  documents: 1_234_567,
  bytes: 9_876_543_210,
  documentBytes: 500,
  readBy: 'sequence',
  verdict: findings.some(({ severity }) => severity === 'error') ? 'error' : 'ok',
  findings,
  changes: [],
})

const assessment = (indexes: readonly AssessedIndex[], findings: readonly Finding[] = []): Assessment => ({
  source: { name: 'https://old:9200', version: 'Elasticsearch 7.10.2' },
  target: { name: 'https://new:9200', version: 'OpenSearch 2.19.4' },
  indexes,
  findings,
  estimate: null,
  verdict: indexes.some(({ verdict }) => verdict === 'error') ? 'error' : 'ok',
})

test('no line is wider than the page, whatever names and messages are', () => {
  const long = 'x'.repeat(255)
  const finding: Finding = {
    check: 'target',
    severity: 'error',
    message: `${long} is ${long}`,
    remedy: `Do ${long} and more`,
  }
  const text = formatAssessment(assessment([index(long, [finding])], [finding]))
  for (const line of text.split('\n')) assert.ok(line.length <= columns, line)
})

test('an error has its remedy on the next line, and the worst comes first', () => {
  const error: Finding = { check: 'target', severity: 'error', message: 'it is full', remedy: 'Free space.' }
  const fine: Finding = { check: 'reading', severity: 'ok', message: 'it is read' }
  const lines = formatAssessment(assessment([index('a', [error, fine])])).split('\n')
  const at = lines.findIndex((line) => line.includes('ERROR     it is full'))
  assert.ok(at > 0)
  assert.equal(lines[at + 1]?.trim(), '→ Free space.')
  assert.equal(lines[at + 2]?.trim(), 'ok        it is read')
  assert.match(lines.join('\n'), /would\s+fail \(1 error\)/)
})

test('indexes that are alike are told together', () => {
  const note = (name: string): Finding => ({
    index: name,
    check: 'target',
    severity: 'note',
    message: `${name} is new`,
  })
  const indexes = ['logs-1', 'logs-2', 'logs-3', 'logs-4', 'logs-5'].map((name) => index(name, [note(name)]))
  const text = formatAssessment(assessment(indexes))
  assert.match(text, /Index logs-1, logs-2, logs-3 and 2 more\n {2}note {6}logs-1 is new/)
  assert.equal(text.split('is new').length, 2)
})

test('wrapping keeps every word', () => {
  const words = 'one two three four five six seven eight nine ten '.repeat(9).trim()
  assert.equal(
    wrap(words, '', '  ')
      .map((line) => line.trim())
      .join(' '),
    words,
  )
})
