import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stateFolder } from './state-folder.ts'

test('what is given comes before the environment, that before the place of the system', () => {
  const env = { HOME: '/home/ann', INDEXFERRY_STATE: '/srv/state', XDG_STATE_HOME: '/x' }
  assert.equal(stateFolder('/given', env, 'linux'), '/given')
  assert.equal(stateFolder(undefined, env, 'linux'), '/srv/state')
  assert.equal(stateFolder(undefined, { HOME: '/home/ann', XDG_STATE_HOME: '/x' }, 'linux'), '/x/indexferry')
  assert.equal(
    stateFolder(undefined, { HOME: '/home/ann', XDG_STATE_HOME: 'relative' }, 'linux'),
    '/home/ann/.local/state/indexferry',
  )
  assert.equal(stateFolder(undefined, { HOME: '/home/ann' }, 'linux'), '/home/ann/.local/state/indexferry')
  assert.equal(
    stateFolder(undefined, { HOME: '/Users/ann' }, 'darwin'),
    '/Users/ann/Library/Application Support/indexferry',
  )
  assert.match(stateFolder(undefined, { LOCALAPPDATA: '/local' }, 'win32'), /^\/local.indexferry$/)
})
