import assert from 'node:assert/strict'
import { test } from 'node:test'
import { remoteHost } from '../../../test/documents/remote-host.ts'
import type { RemoteHost } from '../../model/reindex.ts'
import { awsDomain, remoteAuthentication } from './remote-authentication.ts'

const aws = 'search-old-abc.eu-west-1.es.amazonaws.com'

function chosen(host: string, more: Partial<RemoteHost>, hasAws = true, isConfigured = false) {
  return remoteAuthentication(remoteHost(`https://${host}:443`, more), {
    host,
    configured: isConfigured ? { kind: 'bearer', token: 'configured' } : undefined,
    hasAwsCredentials: async () => hasAws,
  })
}

test('what the request says comes first, then the configuration, then the host', async () => {
  const basic = { kind: 'basic', username: 'u', password: 'p' }
  const login = { username: 'u', password: 'p' }
  assert.deepEqual(await chosen(aws, login, true, true), basic)
  assert.deepEqual(await chosen(aws, { ...login, external: true, region: 'eu-west-1' }), basic)
  assert.deepEqual(await chosen(aws, { apiKey: 'a:b' }, true, true), { kind: 'apiKey', key: 'a:b' })
  assert.deepEqual(await chosen(aws, { headers: { AUTHORIZATION: 'ApiKey x' } }, true, true), { kind: 'none' })
  assert.deepEqual(await chosen(aws, {}, true, true), { kind: 'bearer', token: 'configured' })
  assert.deepEqual(await chosen(aws, {}), { kind: 'sigv4', region: 'eu-west-1', service: 'es' })
  assert.deepEqual(await chosen(aws, {}, false), { kind: 'none' })
  assert.deepEqual(await chosen(aws, { external: true }), { kind: 'none' })
  assert.deepEqual(await chosen('es.example.com', {}), { kind: 'none' })
})

test('a region asks for a signature, whatever the host', async () => {
  const region = 'us-gov-west-1'
  assert.deepEqual(await chosen('es.example.com', { region }, false), { kind: 'sigv4', region, service: 'es' })
  assert.deepEqual(await chosen('abc.us-east-1.aoss.amazonaws.com', { region }), {
    kind: 'sigv4',
    region,
    service: 'aoss',
  })
  assert.deepEqual(await chosen(aws, { region, external: true }), { kind: 'none' })
})

test('a region in the request stands in for that of the configuration', async () => {
  const remote = remoteHost(`https://${aws}:443`, { region: 'eu-north-1' })
  const configured = { kind: 'sigv4', region: 'eu-west-1', service: 'es', profile: 'old' } as const
  const setting = { host: aws, configured, hasAwsCredentials: async () => true }
  assert.deepEqual(await remoteAuthentication(remote, setting), { ...configured, region: 'eu-north-1' })
})

test('region and service in a host name', () => {
  assert.deepEqual(awsDomain(aws), { region: 'eu-west-1', service: 'es' })
  assert.deepEqual(awsDomain('vpc-x.cn-north-1.es.amazonaws.com.cn'), { region: 'cn-north-1', service: 'es' })
  assert.deepEqual(awsDomain('x.us-east-1.aoss.amazonaws.com'), { region: 'us-east-1', service: 'aoss' })
  assert.deepEqual(awsDomain('search-x-y.aos.us-west-2.on.aws'), { region: 'us-west-2', service: 'es' })
  for (const host of [
    'es.amazonaws.com.evil.org',
    'es.amazonaws.com',
    'us-east-1xes.amazonaws.com',
    'evil-es.amazonaws.com',
  ]) {
    assert.equal(awsDomain(host), undefined, host)
  }
})
