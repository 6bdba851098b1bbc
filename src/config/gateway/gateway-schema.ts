// Every setting of `indexferry.yaml`: names, types, defaults and sentences. docs/configuration.md is made of it, and what the gateway
// takes (gateway-config.ts) is what the sections give.
import type { z } from 'zod'
import { registerSecret } from '../../foundation/errors.ts'
import { between, byteSize, choice, count, duration, text } from '../../foundation/option.ts'
import { formatByteSize, formatDuration } from '../../foundation/quantity.ts'
import { checkUrl } from '../../pipeline/options.ts'
import { sourceOptions } from '../../source/options.ts'
import { allowListSetting } from './allow-list-setting.ts'
import { clusterSection, domainsSection, remoteSection, standbySection } from './cluster-sections.ts'
import {
  always,
  fileSetting,
  folderSetting,
  list,
  secretFileSetting,
  secretSetting,
  section,
  setting,
  settingWithDefault,
} from './setting.ts'
import { listenAddress, portRange, recordedName, userName } from './setting-types.ts'

const tlsSection = section(
  { help: 'Own certificate of the gateway. Without it the gateway speaks plain HTTP.' },
  {
    certificate: fileSetting({ help: 'Certificate (PEM), with those of the intermediate CAs behind it.' }),
    key: fileSetting({ help: 'Private key (PEM).' }),
    key_passphrase: secretSetting({ help: 'Passphrase of the key.' }).optional(),
    key_passphrase_file: secretFileSetting({ help: 'File that holds the passphrase.' }).optional(),
  },
).transform(({ certificate, key, key_passphrase, key_passphrase_file }) => {
  const keyPassphrase = key_passphrase ?? key_passphrase_file
  registerSecret(keyPassphrase)
  return { certFile: certificate, keyFile: key, keyPassphrase }
})

const name = setting(userName, { help: 'Name, which logs show.' })

const userSection = section(
  { help: 'A user, by basic authentication.' },
  {
    name,
    password: secretSetting({ help: 'Password.' }).optional(),
    password_file: secretFileSetting({ help: 'File that holds the password.' }).optional(),
  },
)
  .refine(({ password, password_file }) => (password === undefined) !== (password_file === undefined), {
    error: 'needs either password or password_file',
    ...always,
  })
  .transform((user) => {
    const password = user.password ?? user.password_file ?? ''
    if (password !== user.name) registerSecret(password)
    return { name: user.name, password }
  })

const apiKeySection = section(
  { help: 'A key, sent as `Authorization: ApiKey KEY`.' },
  {
    name,
    key: secretSetting({ help: 'The key.' }).optional(),
    key_file: secretFileSetting({ help: 'File that holds the key.' }).optional(),
  },
)
  .refine((entry) => (entry.key === undefined) !== (entry.key_file === undefined), {
    error: 'needs either key or key_file',
    ...always,
  })
  .transform((entry) => {
    const key = entry.key ?? entry.key_file ?? ''
    registerSecret(key)
    return { name: entry.name, key }
  })

const accessSection = section(
  { help: 'Who may call the gateway, and as whom it speaks to the cluster.' },
  {
    cluster_credentials: settingWithDefault(choice('caller', 'own'), 'caller', {
      help: '`caller`: the credentials of each call go on to the cluster and decide what it may do. `own`: the credentials under `cluster` are used for everybody.',
    }),
    users: list(
      {
        help: 'With users or keys, every call needs one of them. Without, whoever the cluster lets in may call.',
        byDefault: 'none',
      },
      userSection,
    )
      .refine((users) => areDifferent(users.map((user) => user.name)), { error: 'has two users of the same name' })
      .optional(),
    api_keys: list({ help: 'Keys instead of users, for programs.', byDefault: 'none' }, apiKeySection)
      .refine((keys) => areDifferent(keys.map((key) => key.name)), { error: 'has two keys of the same name' })
      .optional(),
  },
).transform(({ cluster_credentials, users = [], api_keys = [] }) => ({
  clusterCredentials: cluster_credentials,
  users,
  apiKeys: api_keys,
}))

const areDifferent = (names: readonly unknown[]): boolean => new Set(names).size === names.length

const limitsSection = section(
  { help: 'What one client may ask of the gateway.' },
  {
    own_request_bytes: settingWithDefault(byteSize, '100mb', {
      help: 'Largest body of a call that the gateway answers itself. Bodies that are passed on are streamed, without a limit.',
      check: between(1024, 1024 ** 3, formatByteSize),
    }),
    header_bytes: settingWithDefault(byteSize, '16kb', {
      help: 'Longest headers of a call, together.',
      check: between(4096, 1024 ** 2, formatByteSize),
    }),
    connections: settingWithDefault(count, '10000', {
      help: 'Connections that may be open at the same time.',
      check: between(1, 1_000_000),
    }),
    slow_client: settingWithDefault(duration, '60s', {
      help: 'How long a client may take to send its headers, and be silent within a body.',
      check: between(100, 86_400_000, formatDuration),
    }),
    cluster_silence: setting(duration, {
      help: 'How long the cluster may be silent while it answers a call that is passed on.',
      byDefault: 'for ever, as without the gateway',
      example: '30m',
      check: between(100, 7 * 86_400_000, formatDuration),
    }).optional(),
  },
).transform((limits) => ({
  ownRequestBytesMax: limits.own_request_bytes,
  headerBytesMax: limits.header_bytes,
  connectionsMax: limits.connections,
  slowClientMs: limits.slow_client,
  clusterSilenceMs: limits.cluster_silence,
}))

const listHelp =
  'Hosts and ports that documents may be read from: `host:port` with `*` as wildcard. Without it there are no remotes. A list, a text with commas, or a folded block (`>-`).'

const remoteListSection = section(
  { help: "Where `source.remote.host` may lead; the names are the servers' own." },
  {
    allowlist: allowListSetting({
      help: listHelp,
      byDefault: 'none',
      example: '"old.example.com:9200, *.internal:9200"',
    }).optional(),
    whitelist: allowListSetting({
      help: 'The older name of `allowlist`. Only one of them may be given.',
      byDefault: 'none',
    }).optional(),
  },
)
  .refine(({ allowlist, whitelist }) => allowlist === undefined || whitelist === undefined, {
    error: 'has both allowlist and whitelist, which mean the same; keep allowlist',
    ...always,
  })
  .transform(({ allowlist, whitelist }) => allowlist ?? whitelist ?? [])

const reindexSection = section(
  { help: 'The call `_reindex`.' },
  {
    remote: remoteListSection.prefault({} as never),
    create_index: settingWithDefault(choice('from_source', 'dynamic'), 'from_source', {
      help: "`from_source`: a target index that is missing gets the source's mappings and settings, rewritten for the cluster's version. `dynamic`: the cluster makes it from the first documents.",
    }),
    tasks: settingWithDefault(count, '20', {
      help: 'Tasks that run at the same time; others wait.',
      check: between(1, 1000),
    }),
    keep_finished: settingWithDefault(duration, '7d', {
      help: 'How long a finished task can be asked for.',
      check: between(60_000, 3650 * 86_400_000, formatDuration),
    }),
    remotes: list(
      { help: 'What a request cannot say about a remote: certificates, other ways to sign in.', byDefault: 'none' },
      remoteSection,
    ).optional(),
  },
).transform(({ remote, create_index, tasks, keep_finished, remotes = [] }) => ({
  allowlist: remote,
  createIndex: create_index === 'dynamic' ? ('dynamic' as const) : ('fromSource' as const),
  tasksMax: tasks,
  keepFinishedMs: keep_finished,
  remotes,
}))

const connectionKeySection = section(
  { help: 'A key pair, as an AWS client has it.' },
  {
    access_key_id: setting(text, { help: 'Id of the key.', takes: 'ID' }),
    secret_access_key: secretSetting({ help: 'The secret key.' }).optional(),
    secret_access_key_file: secretFileSetting({ help: 'File that holds the secret key.' }).optional(),
  },
)
  .refine((key) => (key.secret_access_key === undefined) !== (key.secret_access_key_file === undefined), {
    error: 'needs either secret_access_key or secret_access_key_file',
    ...always,
  })
  .transform((key) => {
    const secretAccessKey = key.secret_access_key ?? key.secret_access_key_file ?? ''
    registerSecret(secretAccessKey)
    return { accessKeyId: key.access_key_id, secretAccessKey }
  })

const connectionsSection = section(
  { help: 'The calls that make connections between domains.' },
  {
    keys: list(
      {
        help: 'Keys with which these calls must be signed (SigV4). Without them they need no signature.',
        byDefault: 'none',
      },
      connectionKeySection,
    )
      .refine((keys) => areDifferent(keys.map((key) => key.accessKeyId)), { error: 'has two keys of the same id' })
      .optional(),
    endpoints: section(
      { help: 'Where the endpoints of connections listen (`VPC_ENDPOINT`).' },
      {
        host: settingWithDefault(text, '127.0.0.1', { help: 'Address of this machine to listen at.', takes: 'HOST' }),
        ports: setting(portRange, {
          help: 'Ports to choose from.',
          byDefault: 'any free port',
          example: '9300-9399',
        }).optional(),
      },
    ).prefault({} as never),
  },
).transform(({ keys = [], endpoints: { host, ports } }) => ({ keys, endpoints: { host, ports } }))

const replicationSection = section(
  { help: 'The calls that follow indexes of other clusters (`_plugins/_replication`).' },
  {
    backend: settingWithDefault(choice('indexferry', 'cluster'), 'indexferry', {
      help: '`indexferry`: the gateway answers them and does the work, whatever the cluster is. `cluster`: they are passed on to the replication plugin of the cluster.',
    }),
    sweep_interval: settingWithDefault(duration, `${sourceOptions.sweepInterval.default / 1_000}s`, {
      help: 'Pause between two sweeps of a leader index that has no sequence numbers; never less than a sweep takes.',
      check: between(0, 86_400_000, formatDuration),
    }),
    throttle_check: setting(checkUrl, {
      help: 'Address that is asked every five seconds (GET) whether replications may read: 200-299 is yes, anything else holds all of them, until it is yes again.',
      byDefault: 'none',
      example: 'https://ops:8443/may-copy',
    }).optional(),
    throttle_check_failure: settingWithDefault(choice('wait', 'go-on'), 'wait', {
      help: 'What it means when the check does not answer within 5 s, cannot be reached, or answers anything but 200-299, 429 and 503.',
    }),
  },
).transform(({ backend, sweep_interval, throttle_check, throttle_check_failure }) => ({
  backend,
  sweepIntervalMs: sweep_interval,
  throttleCheck:
    throttle_check === undefined || throttle_check === 'none'
      ? undefined
      : { url: throttle_check, onFailure: throttle_check_failure },
}))

const recordSection = section(
  {
    help: 'Which documents may have changed by writes through the gateway is noted, for those who follow indexes of its cluster.',
  },
  {
    indexes: list(
      {
        help: 'Names and patterns (`orders-*`) of indexes; also of the aliases through which they are written.',
        byDefault: 'none',
      },
      setting(recordedName, { help: 'A name or a pattern.' }),
    ).optional(),
    log_bytes: settingWithDefault(byteSize, '256mb', {
      help: 'What is kept for followers that are away, at most. Of a follower that misses some, all documents are looked at once.',
      check: between(4096, 1024 ** 4, formatByteSize),
    }),
    keep: settingWithDefault(duration, '7d', {
      help: 'For how long it is kept.',
      check: between(60_000, 3650 * 86_400_000, formatDuration),
    }),
  },
).transform(({ indexes = [], log_bytes, keep }) => ({ indexes, bytesMax: log_bytes, keepMs: keep }))

export const gatewaySchema = section(
  { help: 'The whole file.' },
  {
    listen: settingWithDefault(listenAddress, '127.0.0.1:9200', {
      help: 'Where the gateway listens. Without a host it is reached from this machine only; port 0 takes a free one. `--listen` goes first.',
    }),
    tls: tlsSection.optional(),
    cluster: clusterSection.optional(),
    standby: standbySection.optional(),
    access: accessSection.prefault({} as never),
    limits: limitsSection.prefault({} as never),
    reindex: reindexSection.prefault({} as never),
    domains: domainsSection.prefault({} as never),
    connections: connectionsSection.prefault({} as never),
    replication: replicationSection.prefault({} as never),
    record: recordSection.prefault({} as never),
    state: folderSetting({
      help: 'Folder for what must survive a crash: tasks, connections. On a disk of this machine, not on a network share. `--state` goes first.',
      byDefault: '`$XDG_STATE_HOME/indexferry`, else `~/.local/state/indexferry`',
    }).optional(),
  },
)

export type GatewaySettings = z.output<typeof gatewaySchema>
