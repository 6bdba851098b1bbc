import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { openSecretBox, SecretBox } from './secret-box.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'indexferry-box-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('what is sealed opens again, for the same purpose and with the same key file', () => {
  const sealed = openSecretBox(folder).seal('pässword', 'task 1')
  assert.equal(openSecretBox(folder).open(sealed, 'task 1'), 'pässword')
  assert.equal(openSecretBox(folder).open(sealed, 'task 2'), undefined)
  assert.equal(new SecretBox('', Buffer.alloc(32)).open(sealed, 'task 1'), undefined)
  assert.deepEqual(readdirSync(folder), ['gateway.key'])
})

test('nothing shows that two sealed texts are the same, and any change is noticed', () => {
  const box = openSecretBox(folder)
  const sealed = box.seal('secret', 'p')
  assert.notDeepEqual(box.seal('secret', 'p'), sealed)
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
    assert.equal(box.open(changed, 'p'), undefined, `byte ${at}`)
  }
  for (let length = 0; length < sealed.length; length++)
    assert.equal(box.open(sealed.subarray(0, length), 'p'), undefined)
})
