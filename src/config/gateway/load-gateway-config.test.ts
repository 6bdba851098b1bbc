// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how a configuration names its variables
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fc } from '../../../test/documents/properties.ts'
import { IndexferryError, redact } from '../../foundation/errors.ts'
import type { JsonObject } from '../../model/json.ts'
import { describeConfig } from './describe-config.ts'
import { checkGatewayConfig, loadGatewayConfig } from './load-gateway-config.ts'

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'indexferry-config-'))
  t.after(() => rmSync(path, { recursive: true }))
  return path
}

/** Writes a file that nobody else may read, and gives its path. */
function write(t: TestContext, content: string | Uint8Array): string {
  const file = join(folder(t), 'indexferry.yaml')
  writeFileSync(file, content, { mode: 0o600 })
  return file
}

const load = (t: TestContext, content: string, env = {}) => loadGatewayConfig(write(t, content), {}, env)

/** What is wrong, as `line:column setting sentence`. */
function problems(t: TestContext, content: string | Uint8Array, env = {}): string[] {
  const checked = checkGatewayConfig(write(t, content), env)
  assert.equal(checked.settings === undefined, checked.problems.length > 0)
  return checked.problems.map(({ position, setting, sentence }) =>
    `${position ? `${position.line}:${position.column}` : '-'} ${setting} ${sentence}`.replaceAll(/\s+/g, ' '),
  )
}

const cluster = 'cluster: http://localhost:9201\n'

test('without a file every default holds', async () => {
  const { config, warnings } = await loadGatewayConfig(undefined, { cluster: 'https://ann:pw-12345@new:9200/es' })
  assert.deepEqual(warnings, [])
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 9200 })
  assert.deepEqual(config.cluster.nodes, ['https://new:9200/es'])
  assert.deepEqual(config.cluster.authentication, { kind: 'basic', username: 'ann', password: 'pw-12345' })
  assert.equal(config.tls, undefined)
  assert.deepEqual(config.access, { clusterCredentials: 'caller', users: [], apiKeys: [] })
  assert.deepEqual(config.limits, {
    ownRequestBytesMax: 100 * 1024 ** 2,
    headerBytesMax: 16 * 1024,
    connectionsMax: 10_000,
    slowClientMs: 60_000,
    clusterSilenceMs: undefined,
  })
  assert.deepEqual(config.reindex, {
    allowlist: [],
    createIndex: 'fromSource',
    tasksMax: 20,
    keepFinishedMs: 7 * 86_400_000,
    remotes: [],
  })
  assert.deepEqual(config.connections, { keys: [], endpoints: { host: '127.0.0.1', ports: undefined } })
  assert.deepEqual(config.replication, { backend: 'indexferry', sweepIntervalMs: 15_000, throttleCheck: undefined })
  assert.deepEqual({ ...config.domains }, {})
})

test('what the command line says goes before the file', async (t) => {
  const file = write(
    t,
    'listen: 127.0.0.1:1\ncluster: {url: "http://a:9200", username: u, password: pw-file}\nstate: s\n',
  )
  const plain = await loadGatewayConfig(file)
  assert.equal(plain.config.stateFolder, join(file, '..', 's'))
  const overrides = { listen: '[::1]:0', cluster: 'http://b:9200', stateFolder: 'elsewhere' }
  const { config } = await loadGatewayConfig(file, overrides)
  assert.deepEqual(config.listen, { host: '::1', port: 0 })
  assert.deepEqual(config.cluster.nodes, ['http://b:9200'])
  assert.equal(config.cluster.authentication?.kind, 'basic')
  assert.equal(config.stateFolder, 'elsewhere')
  assert.equal((await loadGatewayConfig(file, {}, { INDEXFERRY_STATE: 'from-env' })).config.stateFolder, 'from-env')
  const refused = { code: 'USAGE', message: /--listen has a value "nowhere" that is not an address such as/ }
  await assert.rejects(loadGatewayConfig(file, { listen: 'nowhere' }), refused)
  const noCluster = { code: 'CONFIG_INVALID', message: /no cluster to stand in front of/ }
  await assert.rejects(loadGatewayConfig(undefined), noCluster)
})

test('a standby is said like the cluster, by its URL alone as well', async (t) => {
  const { config } = await load(t, `${cluster}standby: https://u:p-123456@new:9200\n`)
  assert.deepEqual(config.standby?.nodes, ['https://new:9200'])
  assert.deepEqual(config.standby?.authentication, { kind: 'basic', username: 'u', password: 'p-123456' })
  assert.equal((await load(t, cluster)).config.standby, undefined)
  assert.deepEqual(problems(t, `${cluster}standby: {username: u, password: p}\n`), ['2:1 standby needs url or nodes'])
  const { settings } = checkGatewayConfig(
    write(t, `${cluster}standby: {url: "https://new:9200", insecure: true}\n`),
    {},
  )
  assert.deepEqual((settings && (describeConfig(settings).standby as JsonObject))?.nodes, ['https://new:9200'])
})

test('the example of the documentation is taken as it stands', async (t) => {
  const place = folder(t)
  const file = join(place, 'indexferry.yaml')
  writeFileSync(file, readFileSync(join(import.meta.dirname, '../../../docs/indexferry.example.yaml')))
  for (const name of ['tls', 'secrets']) mkdirSync(join(place, name))
  for (const name of ['gateway.pem', 'gateway-key.pem', 'new-cluster-ca.pem', 'old-cluster-ca.pem']) {
    writeFileSync(join(place, 'tls', name), '-----BEGIN CERTIFICATE-----')
  }
  writeFileSync(join(place, 'secrets', 'nightly-key'), 'the-nightly-key\n')
  writeFileSync(join(place, 'secrets', 'connection-key'), 'the-connection-key\n')
  const env = {
    NEW_CLUSTER_PASSWORD: 'the-cluster-password',
    NEXT_CLUSTER_PASSWORD: 'the-standby-password',
    ANN_PASSWORD: 'the-password-of-ann',
  }
  const { config, warnings } = await loadGatewayConfig(file, {}, env)
  assert.deepEqual(warnings, [])
  assert.deepEqual(config.access.users, [{ name: 'ann', password: 'the-password-of-ann' }])
  assert.deepEqual(config.access.apiKeys, [{ name: 'nightly', key: 'the-nightly-key' }])
  assert.deepEqual(config.standby?.nodes, ['https://next.example.com:9200'])
  assert.equal(config.tls?.certFile, join(place, 'tls', 'gateway.pem'))
  assert.deepEqual(config.reindex.allowlist, ['old.example.com:9200', '*.internal.example.com:9200'])
  const remote = {
    hosts: 'old.example.com',
    tls: { caFile: join(place, 'tls', 'old-cluster-ca.pem') },
    authentication: undefined,
  }
  assert.deepEqual(config.reindex.remotes, [remote])
  assert.deepEqual(config.domains['old-cluster'], {
    owner: '123456789012',
    region: 'eu-central-1',
    url: 'https://vpc-old.eu-central-1.es.amazonaws.com',
    authentication: { kind: 'sigv4', region: 'eu-central-1', service: 'es', profile: undefined },
    tls: undefined,
    proxy: 'socks5://bastion.example.com:1080',
    seeds: undefined,
  })
  assert.deepEqual(config.connections.keys, [{ accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'the-connection-key' }])
  assert.deepEqual(config.connections.endpoints, { host: '127.0.0.1', ports: [9300, 9399] })
})

test("the allow-list is understood in every form that the servers' own files have", async (t) => {
  const forms = [
    'reindex.remote.whitelist: "a:9200, b:*"',
    'reindex.remote.allowlist: [a:9200, "b:*"]',
    'reindex:\n  remote.allowlist:\n    - a:9200\n    - b:*',
    'reindex:\n  remote:\n    whitelist: >-\n      a:9200,\n      b:*',
    'reindex:\n  remote:\n    whitelist: >-\n      a:9200\n      b:*',
    'reindex.remote:\n  allowlist: a:9200,b:*',
    'reindex.remote.allowlist: "a:9200,b:*"\nreindex:\n  tasks: 3',
    'reindex:\n  tasks: 3\nreindex.remote.allowlist: "a:9200,b:*"',
  ]
  for (const form of forms) {
    const { config } = await load(t, `${cluster}${form}\n`)
    assert.deepEqual(config.reindex.allowlist, ['a:9200', 'b:*'], form)
  }
  const vendor = `${cluster}reindex:\n  remote:\n    whitelist: >-\n      ep-bp1bp1****************.epsrv-bp1****************.cn-hangzhou.privatelink.aliyuncs.com:9200\n`
  const { config, warnings } = await load(t, vendor)
  assert.equal(config.reindex.allowlist.length, 1)
  assert.deepEqual(warnings, [])
  const zoned = await load(t, vendor.replace('.epsrv', '-cn-hangzhou-i.epsrv'))
  assert.match(zoned.warnings.join(), /:4:16: reindex\.remote\.whitelist .* zone segment -cn-hangzhou-i/)
})

const wrong: readonly (readonly [name: string, content: string | Uint8Array, expected: readonly RegExp[]])[] = [
  [
    'an unknown key',
    'limits:\n  header-bytes: 16kb\n',
    [/^2:3 limits\.header-bytes is no setting; did you mean limits\.header_bytes\?$/],
  ],
  ['an unknown section', 'acess: {}\n', [/^1:1 acess is no setting; did you mean access\?$/]],
  [
    'a key that is like none',
    'cluster:\n  zzzzzzzz: 1\n',
    [/^2:3 cluster\.zzzzzzzz is no setting\. cluster takes url, nodes, /],
  ],
  [
    'settings of the servers that are not taken',
    'cluster.remote.old.seeds: a:9300\n',
    [/^1:1 cluster\.remote is no setting/],
  ],
  ['a merge key', 'limits:\n  <<: {connections: 1}\n', [/^2:3 limits\.<< is a merge key/]],
  ['a duplicate key', 'listen: 127.0.0.1:1\nlisten: 127.0.0.1:2\n', [/^2:1 listen is given twice, first in line 1$/]],
  [
    'a dotted duplicate',
    'reindex:\n  tasks: 1\nreindex.tasks: 2\n',
    [/^3:1 reindex\.tasks is given twice, first in line 2$/],
  ],
  ['a section twice', 'reindex: {tasks: 1}\nreindex: {keep_finished: 1d}\n', [/^2:1 reindex is given twice/]],
  [
    'a value that is a section elsewhere',
    'state: x\nstate.folder: y\n',
    [/^2:1 state is given as a value and as a map/],
  ],
  [
    'both names of the list',
    'reindex.remote: {allowlist: a:1, whitelist: b:1}\n',
    [/^1:1 reindex\.remote has both allowlist and whitelist/],
  ],
  [
    'a list that takes all',
    'reindex.remote.allowlist: "*"\n',
    [/^1:27 reindex\.remote\.allowlist .*accepts all addresses/],
  ],
  [
    'a host without port',
    'reindex.remote.allowlist: [a:1, b]\n',
    [/the entry "b", which has no port and so can never match/],
  ],
  ['a URL in the list', 'reindex.remote.allowlist: https://a:9200\n', [/without scheme and path/]],
  [
    'a star that YAML takes for an alias',
    'reindex.remote.allowlist:\n  - *.example.com:9200\n',
    [/^2:5 reindex\.remote\.allowlist\[0\] begins with \*, .*quotes$/],
  ],
  ['a tab', 'limits:\n\tconnections: 5\n', [/^2:1 a tab is used for indentation/]],
  ['two documents', 'state: a\n---\nstate: b\n', [/^2:1 a second document begins here/]],
  ['a quote that is not closed', 'state: "a\n', [/a closing quote/]],
  ['no map', '- a\n- b\n', [/^1:1 the file must be a map of settings$/]],
  ['a text', 'hello\n', [/the file must be a map of settings/]],
  ['another encoding', Buffer.from('\ufefflisten: 9200\n', 'utf16le'), [/^- the file is not text in UTF-8$/]],
  ['a huge file', `# ${'x'.repeat(1024 * 1024)}\n`, [/larger than 1 MiB/]],
  [
    'a time without unit',
    'limits.slow_client: 60\n',
    [/^1:21 limits\.slow_client has a value "60" that is not a time with its unit/],
  ],
  [
    'a size that is none',
    'limits:\n  own_request_bytes: big\n',
    [/^2:22 .*has a value "big" that is not a size such as/],
  ],
  [
    'a size out of bounds',
    'limits.header_bytes: 1gb\n',
    [/^1:22 limits\.header_bytes "1gb" must be between 4 KiB and 1 MiB$/],
  ],
  ['a count', 'reindex:\n  tasks: many\n', [/^2:10 reindex\.tasks has a value "many" that is not a whole number/]],
  ['a word of several', 'access:\n  cluster_credentials: mine\n', [/one of caller, own/]],
  ['a colon in a user name', 'access.users: [{name: "a:b", password: c}]\n', [/a name without colons/]],
  [
    'a line break in a secret',
    'access.users: [{name: a, password: "b\\nc"}]\n',
    [/^1:36 access\.users\[0\]\.password has a value that is not a text without line breaks$/],
  ],
  [
    'a header that is none',
    'cluster: {url: "http://a", headers: {"a b": c}}\n',
    [/cluster\.headers\.a b is no name of a header/],
  ],
  ['an endless key', `? ${'x'.repeat(100_000)}\n: 1\n`, [/^1:3 x{64}… is no setting\. The file takes/]],
  ['an empty value', 'listen:\n', [/^1:\d+ listen is empty; it must be an address such as/]],
  ['a map for a value', 'listen: {host: a}\n', [/^1:1 listen must be an address .*, not a map$/]],
  ['a value for a map', 'limits: 5\n', [/^1:9 limits must be a map of settings, not a text$/]],
  ['a value for a list', 'access.users: ann\n', [/^1:15 access\.users must be a list, not a text$/]],
  ['a port out of range', 'listen: 0.0.0.0:92000\n', [/^1:9 listen has a value "0\.0\.0\.0:92000"/]],
  [
    'a cluster that is no URL',
    'cluster: new:9200\n',
    [/^1:10 cluster\.url has a value "new:9200" that is not a base URL/],
  ],
  ['url and nodes', 'cluster: {url: "http://a", nodes: ["http://b"]}\n', [/^1:1 cluster has both url and nodes/]],
  [
    'a user without password',
    'cluster: {url: "http://a", username: u}\n',
    [/^1:1 cluster has a username, but neither/],
  ],
  [
    'a password without user',
    'cluster: {url: "http://a", password: pw}\n',
    [/cluster has a password, but no username/],
  ],
  [
    'two ways to sign in',
    'cluster: {url: "http://a", api_key: k, bearer_token: t}\n',
    [/several ways to sign in \(api_key, bearer_token\)/],
  ],
  [
    'a secret twice',
    'cluster:\n  url: http://a\n  username: u\n  password: p\n  password_file: f\n',
    [
      /^1:1 cluster has both password and password_file/,
      /^5:18 cluster\.password_file cannot be taken: .*cannot be read/,
    ],
  ],
  [
    'half a client certificate',
    'cluster: {url: "http://a", client_key: nokey.pem}\n',
    [/needs client_certificate and client_key together/, /names the file .*nokey\.pem, which is not there$/],
  ],
  ['SigV4 without region', 'cluster: {url: "http://a", sigv4: {}}\n', [/cluster\.sigv4 needs a region/]],
  [
    'a domain with everything wrong',
    'domains:\n  Old:\n    owner: 12345\n    url: ftp://x\n    proxy: ftp://p:1\n',
    [
      /^2:3 domains\.Old\.region is missing$/,
      /^2:3 domains\.Old is no name of a domain/,
      /^3:12 domains\.Old\.owner has a value "12345" that is not an owner of 12 digits$/,
      /^4:10 domains\.Old\.url/,
      /^5:12 domains\.Old\.proxy .*socks5:/,
    ],
  ],
  [
    'a variable that is not set',
    'cluster:\n  url: ${NOT_THERE}\n',
    [/^2:8 cluster\.url takes the environment variable NOT_THERE, which is not set$/],
  ],
  [
    'a variable that is empty',
    'access.users:\n  - {name: a, password: "${EMPTY}"}\n',
    [/^2:25 access\.users\[0\]\.password takes the environment variable EMPTY, which is empty$/],
  ],
  ['a variable without name', 'state: a${}\n', [/^1:8 state has a \$\{ without the name of a variable/]],
  [
    'a variable in braces without quotes',
    'access.users: [{name: a, password: ${PW}}]\n',
    [/^1:\d+ .*must be put into quotes/],
  ],
  [
    'users of one name',
    'access.users: [{name: a, password: b}, {name: a, password: c}]\n',
    [/has two users of the same name/],
  ],
  ['an anchor that contains itself', 'limits: &a\n  connections: *a\n', [/^2:16 +from here .* beyond every measure$/]],
  [
    'several problems at once',
    'listn: 1\nlimits: {connections: 0, slow_client: 1}\nreindex.tasks: x\nstate: ${NOPE}\n',
    [
      /^1:1 listn/,
      /^2:23 limits\.connections/,
      /^2:39 limits\.slow_client/,
      /^3:16 reindex\.tasks/,
      /^4:8 state takes the environment variable NOPE/,
    ],
  ],
]

for (const [name, content, expected] of wrong) {
  test(`refused with its place: ${name}`, (t) => {
    const found = problems(t, content, { EMPTY: '' })
    assert.equal(found.length, expected.length, found.join('\n'))
    for (const [place, pattern] of expected.entries()) assert.match(found[place] as string, pattern)
  })
}

test('more problems than anybody reads are counted', async (t) => {
  const text = Array.from({ length: 200 }, (_, row) => `unknown${row}: 1\n`).join('')
  await assert.rejects(load(t, text), (error: Error) => {
    assert.match(error.message, / has 200 problems:/)
    assert.match(error.message, /and 150 more$/)
    return true
  })
})

test('aliases that grow without end are stopped at once', (t) => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
  for (let row = 1; row < 12; row++)
    lines.push(
      `a${row}: &a${row} [${Array(10)
        .fill(`*a${row - 1}`)
        .join(', ')}]`,
    )
  const found = problems(t, `${lines.join('\n')}\n`)
  assert.equal(found.filter((problem) => problem.includes('beyond every measure')).length, 1)
  const deep = problems(t, `limits: ${'['.repeat(30_000)}\n`)
  assert.ok(deep.length > 0 && deep.length < 5)
})

test('an alias stands for what it names', async (t) => {
  const text = `${cluster}domains:\n  old-one: &old {owner: "000000000001", region: eu-west-1, url: "http://a:9200"}\n  old-two: *old\n`
  const { config } = await load(t, text)
  assert.equal(config.domains['old-two']?.owner, '000000000001')
})

test('texts are what stands there: no numbers, no booleans; $${ is no variable', async (t) => {
  const text = `${cluster}access.users:\n  - {name: yes, password: 0123}\n  - {name: 1e3, password: "$\${x}"}\n`
  const { config } = await load(t, text)
  assert.deepEqual(config.access.users, [
    { name: 'yes', password: '0123' },
    { name: '1e3', password: '${x}' },
  ])
})

test('an empty file, one of comments and one with a byte order mark', async (t) => {
  for (const text of ['', '# nothing\n', '---\n']) {
    const { settings, warnings } = checkGatewayConfig(write(t, text), {})
    assert.ok(settings)
    assert.match(warnings.join(), /the file has no settings/)
  }
  const empty = await load(t, `${cluster}reindex:\n  # tasks: 3\n  remotes:\naccess:\r\ndomains:\r\n`)
  assert.deepEqual(empty.config.reindex.remotes, [])
  const { config } = await load(t, `\ufeff${cluster}listen: 127.0.0.1:1\n`)
  assert.equal(config.listen.port, 1)
  await assert.rejects(loadGatewayConfig('/nowhere/indexferry.yaml'), {
    code: 'CONFIG_INVALID',
    message: /cannot be read/,
  })
})

test('a secret written into a file that others may read is warned about', {
  skip: process.platform === 'win32' && 'modes mean nothing there',
}, (t) => {
  const file = write(
    t,
    'cluster: https://u:url-password@a\naccess.users:\n  - {name: a, password: literal-password}\n  - {name: b, password: "${PW}"}\n',
  )
  const env = { PW: 'from-the-environment' }
  assert.deepEqual(checkGatewayConfig(file, env).warnings, [])
  chmodSync(file, 0o644)
  const { warnings } = checkGatewayConfig(file, env)
  assert.equal(warnings.length, 2)
  assert.match(warnings[0] as string, /:1:10: cluster\.url is a secret in a file that other users/)
  assert.match(warnings[1] as string, /:3:25: access\.users\[0\]\.password is a secret/)
})

test('what lets in more people than was meant is warned about', async (t) => {
  const text = `listen: 0.0.0.0:9200\ncluster: {url: "https://a", insecure: true}\naccess.cluster_credentials: own\n`
  const { warnings } = await load(t, text)
  assert.match(
    warnings.join('\n'),
    /everybody may use its own credentials.*\n.*plain HTTP.*\n.*certificate of the cluster is not verified/,
  )
})

test('no secret is in an error, a warning or the description', async (t) => {
  const place = folder(t)
  writeFileSync(join(place, 'key.pem'), 'x')
  const secrets = `
listen: 0.0.0.0:9200
tls: {certificate: key.pem, key: key.pem, key_passphrase: secret-01}
cluster:
  url: https://a
  username: u
  password: secret-02
  client_certificate: key.pem
  client_key: key.pem
  client_key_passphrase: secret-03
  headers: {X-Token: secret-04, x.plain: secret-05}
access:
  users: [{name: a, password: secret-06}]
  api_keys: [{name: a, key: secret-07}]
reindex.remotes: [{hosts: a, api_key: 'id:secret-08'}, {hosts: b, bearer_token: secret-09}]
domains:
  one-domain: {owner: '123456789012', region: eu-west-1, url: 'https://u:secret-10@a', proxy: 'http://u:secret-11@p:3128'}
connections.keys: [{access_key_id: id, secret_access_key: secret-12}]
`
  const file = join(place, 'indexferry.yaml')
  writeFileSync(file, secrets)
  chmodSync(file, 0o644)
  const { settings, warnings } = checkGatewayConfig(file, {})
  assert.ok(settings)
  assert.ok(warnings.length >= 12)
  const described = JSON.stringify(describeConfig(settings))
  assert.doesNotMatch(`${described}${warnings.join('\n')}`, /secret-\d/)
  assert.equal(redact('secret-12 and secret-01'), '*** and ***')
  // Broken in every way: what stands there is still not told.
  const breakages = [
    secrets.replaceAll('password: secret', 'password: *secret'),
    secrets.replaceAll('password: secret', 'password: !secret'),
    secrets.replaceAll('password: secret', 'password: [secret').replaceAll('key: secret', 'key: "secret'),
    secrets.replaceAll('password: secret', 'pasword: secret').replaceAll('api_key:', 'apikey:'),
    secrets.replaceAll(': secret', ': {secret: secret').replaceAll(/(\{secret: secret-\d+)/g, '$1}'),
    secrets.replaceAll('url: https://a', 'url: ftp://u:secret-13@a').replaceAll("url: 'https", "url: 'ftp"),
    `%secret-14\n${secrets}`,
  ]
  for (const [place, content] of breakages.entries()) {
    writeFileSync(file, content)
    await assert.rejects(loadGatewayConfig(file), (error) => {
      assert.ok(error instanceof IndexferryError && error.code === 'CONFIG_INVALID')
      assert.doesNotMatch(JSON.stringify(error), /secret-(?!access)\d/, `breakage ${place}`)
      return true
    })
  }
})

test('whatever the bytes are, they are taken or refused with a reason', (t) => {
  const file = write(t, '')
  const piece = fc.constantFrom(
    ...'listen cluster url reindex remote allowlist domains a b : :\n - \n { } [ ] , " \' | > & * ! % @ # \t ${A} ${ $$'.split(
      ' ',
    ),
    ' ',
    '\n',
    '\n  ',
    '---\n',
  )
  const content = fc.oneof(
    fc.array(piece, { maxLength: 40 }).map((parts) => Buffer.from(parts.join(''))),
    fc.uint8Array(),
  )
  fc.assert(
    fc.property(content, (bytes) => {
      writeFileSync(file, bytes)
      const { settings, problems: found } = checkGatewayConfig(file, { A: 'x' })
      assert.equal(settings === undefined, found.length > 0)
      for (const { sentence } of found) assert.match(sentence, /\w{2,}/)
    }),
    { numRuns: 500 },
  )
})
