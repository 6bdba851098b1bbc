// What the way back needs of the versions on the old side.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refuseHighVersions } from './return-units.ts'

const scanned = (highest: number) => ({ versions: { stream: 0, highest: { books: highest }, upTo: {} } })

test('versions that are times in milliseconds leave room for those of the way back, nanoseconds do not', () => {
  refuseHighVersions({ versions: null })
  refuseHighVersions(scanned(1_795_000_000_000))
  refuseHighVersions(scanned(1_795_000_000_000_000))
  assert.throws(() => refuseHighVersions(scanned(1_795_000_000_000_000_000)), { code: 'MIGRATION_NOT_READY' })
  assert.throws(() => refuseHighVersions(scanned(Number.MAX_SAFE_INTEGER)), { code: 'MIGRATION_NOT_READY' })
})
