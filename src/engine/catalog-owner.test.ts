import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { currentProcess } from '../foundation/process-identity.ts'
import { type CopyOwner, isOwnerAlive, ownerSilentMsMax } from './catalog-owner.ts'

const here = currentProcess()
const owner = (change: Partial<CopyOwner>): CopyOwner => ({ ...here, since: 0, heartbeat: 0, ...change })

test('this process lives, however long it was silent', {
  skip: here.startTicks ? false : 'the system does not tell when a process started',
}, () => {
  assert.equal(isOwnerAlive(owner({}), here, 10 * ownerSilentMsMax), true)
})

test('a process that ended is dead at once', async () => {
  const child = spawn(process.execPath, ['-e', ''])
  const pid = child.pid as number
  await once(child, 'close')
  assert.equal(isOwnerAlive(owner({ pid, heartbeat: 1000 }), here, 1000), false)
})

test('a later process with the same number is another one', {
  skip: here.startTicks ? false : 'the system does not tell when a process started',
}, () => {
  assert.equal(isOwnerAlive(owner({ startTicks: '1' }), here, 0), false)
})

test('where processes have no start times the heartbeat decides about one that is there', () => {
  const plain = { ...here, startTicks: '' }
  assert.equal(isOwnerAlive(owner({ startTicks: '' }), plain, ownerSilentMsMax), true)
  assert.equal(isOwnerAlive(owner({ startTicks: '' }), plain, ownerSilentMsMax + 1), false)
})

test('on another host, and in another container of the same name, the heartbeat decides', () => {
  for (const elsewhere of [{ host: 'elsewhere' }, { space: 'another boot' }]) {
    assert.equal(isOwnerAlive(owner({ ...elsewhere, pid: 1 }), here, ownerSilentMsMax), true)
    assert.equal(isOwnerAlive(owner({ ...elsewhere, pid: 1 }), here, ownerSilentMsMax + 1), false)
  }
})
