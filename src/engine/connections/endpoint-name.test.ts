import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectionIdIn, endpointName } from './endpoint-name.ts'

const id = 'cc-0123456789abcdef0123'
const remote = { domainName: 'old', ownerId: '111122223333', region: 'eu-west-1' }

test('a name fits the pattern of the API and the limits of host names, whatever the alias', () => {
  for (const alias of [
    'remote-reindex-example',
    'Under_Score-',
    'a'.repeat(100),
    `x${'-'.repeat(99)}`,
    'cc-cc',
    '__',
  ]) {
    const name = endpointName({ alias, id, remote })
    assert.match(name, /^[A-Za-z0-9\-.]+$/)
    assert.ok(
      name.split('.').every((label) => label.length <= 63 && !/^-|-$/.test(label)),
      name,
    )
    assert.equal(new URL(`https://${name}`).hostname, name)
    assert.equal(connectionIdIn(name), id)
    assert.equal(connectionIdIn(`${name.toUpperCase()}.`), id)
  }
  assert.equal(
    endpointName({ alias: 'remote-reindex-example', id, remote }),
    `vpc-remote-reindex-example-${id}.eu-west-1.indexferry.internal`,
  )
})

test('other names are none', () => {
  for (const host of [
    'localhost',
    'vpc-a.eu-west-1.indexferry.internal',
    `vpc-a-${id}.eu-west-1.example.com`,
    '',
    id,
  ]) {
    assert.equal(connectionIdIn(host), undefined, host)
  }
})
