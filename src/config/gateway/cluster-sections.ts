// The sections that say how something is reached: the local cluster, the remotes of `_reindex`, the domains of connections.
import type { z } from 'zod'
import type { Connection } from '../../cluster/connection.ts'
import type { Domain } from '../../engine/connections/domain.ts'
import { registerSecret } from '../../foundation/errors.ts'
import { between, choice, count, duration, text } from '../../foundation/option.ts'
import { formatDuration } from '../../foundation/quantity.ts'
import {
  authenticationOf,
  certificateSettings,
  checkTogether,
  credentialSettings,
  tlsOf,
} from './connection-settings.ts'
import type { ReindexConfig } from './gateway-config.ts'
import { always, list, secretSetting, section, setting, settingsByName, settingWithDefault } from './setting.ts'
import { clusterUrl, isDomainName, ownerNumber, proxyUrl, regionName, versionType } from './setting-types.ts'

/** A URL without the credentials in it, and those. */
export function splitCredentials(text: string): {
  readonly url: string
  readonly username?: string
  readonly password?: string
} {
  const url = new URL(text)
  if (url.username === '' && url.password === '') return { url: text }
  const username = decode(url.username)
  const password = decode(url.password)
  url.username = ''
  url.password = ''
  return { url: url.href.replace(/\/$/, ''), username, password }
}

/** A password with a lone `%` is no percent-encoding, and is meant as it stands. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** Credentials in a URL count as those of the section, where it gives no others. */
function withUrlCredentials<
  Values extends { readonly username?: string | undefined; readonly password?: string | undefined },
>(values: Values, { username, password }: ReturnType<typeof splitCredentials>): Values {
  return username === undefined || values.username !== undefined ? values : { ...values, username, password }
}

const signsWithoutRegion = (values: { readonly sigv4?: unknown }): boolean => {
  const { sigv4 } = values as { readonly sigv4?: { readonly region?: string } }
  return sigv4 !== undefined && sigv4.region === undefined
}

const regionNeeded = { error: 'needs a region under sigv4', path: ['sigv4'], ...always }

const timeouts = between(100, 3_600_000, formatDuration)

const reachedSection = (help: string) =>
  checkTogether(
    section(
      { help },
      {
        url: setting(clusterUrl, { help: 'Base URL.', example: 'https://new.example.com:9200' }).optional(),
        nodes: list(
          { help: 'URLs of several nodes of the cluster, instead of `url`.', byDefault: 'none' },
          setting(clusterUrl, { help: 'Base URL of a node.' }),
        ).optional(),
        ...credentialSettings,
        ...certificateSettings,
        connect_timeout: settingWithDefault(duration, '10s', {
          help: 'How long a connection may take to be made.',
          check: timeouts,
        }),
        read_timeout: settingWithDefault(duration, '2m', {
          help: "How long the cluster may be silent while it answers a call of the gateway's own.",
          check: timeouts,
        }),
        gzip: settingWithDefault(choice('auto', 'on', 'off'), 'auto', {
          help: 'Compress requests and answers. `auto` does not for clusters on this machine and its networks.',
        }),
        connections: settingWithDefault(count, '16', {
          help: 'Open connections to each node for work of the gateway itself.',
          check: between(1, 1000),
        }),
        version: setting(versionType, {
          help: 'What the cluster is, where it cannot be told from its answers.',
          example: 'elasticsearch-7.10.2',
          byDefault: 'asked for',
        }).optional(),
        headers: settingsByName(
          { help: 'Headers to send with every request, for proxies that want them.', byDefault: 'none' },
          secretSetting({ help: 'Value of the header.' }),
          (name) => (/^[!#$%&'*+.^_`|~\w-]+$/.test(name) ? undefined : 'is no name of a header'),
        ).optional(),
      },
    ),
  )
    .refine((values) => values.url === undefined || values.nodes === undefined, {
      error: 'has both url and nodes; one of them is enough',
      ...always,
    })
    .refine((values) => !signsWithoutRegion(values), regionNeeded)

type Reached = z.output<ReturnType<typeof reachedSection>>

function connectionOf(values: Reached): Connection {
  const nodes = [...(values.nodes ?? []), ...(values.url === undefined ? [] : [values.url])].map(splitCredentials)
  const credentials = nodes.find(({ username }) => username !== undefined)
  for (const [name, value] of Object.entries(values.headers ?? {})) {
    if (/auth|key|token|secret|cookie/i.test(name)) registerSecret(value)
  }
  return {
    nodes: nodes.map(({ url }) => url),
    authentication: authenticationOf(credentials ? withUrlCredentials(values, credentials) : values, undefined),
    tls: tlsOf(values),
    connectTimeoutMs: values.connect_timeout,
    readTimeoutMs: values.read_timeout,
    gzip: values.gzip,
    headers: values.headers && { ...values.headers },
    connectionsMax: values.connections,
    version: values.version,
  }
}

export const clusterSection = reachedSection(
  'The local cluster, the one that the gateway stands in front of. A text stands for `url` alone. `--cluster` goes first.',
).transform(connectionOf)

export const standbySection = reachedSection(
  'The other cluster of a migration, which traffic can be switched to while the gateway runs (`POST /_indexferry/cluster/_switch`). A text stands for `url` alone.',
)
  .refine((values) => values.url !== undefined || values.nodes !== undefined, {
    error: 'needs url or nodes',
    ...always,
  })
  .transform(connectionOf)

export const remoteSection = checkTogether(
  section(
    { help: 'One or several remotes.' },
    {
      hosts: setting(text, {
        help: 'Which remotes: a pattern as in the allow-list, where the port may be left out.',
        takes: 'HOST:PORT',
        example: '"*.old.example.com:9200"',
        check: (value) =>
          /[/@\s,]/.test(value) ? 'must be one host or host:port, without scheme and path' : undefined,
      }),
      ...credentialSettings,
      ...certificateSettings,
    },
  ),
)
  .refine((values) => !signsWithoutRegion(values), regionNeeded)
  .transform((values): ReindexConfig['remotes'][number] => ({
    hosts: values.hosts,
    tls: tlsOf(values),
    authentication: authenticationOf(values, undefined),
  }))

const domainSection = checkTogether(
  section(
    { help: 'A cluster that connections can be made to and from.' },
    {
      owner: setting(ownerNumber, { help: 'Owner, 12 digits, as `OwnerId` in the calls.', example: '123456789012' }),
      region: setting(regionName, { help: 'Region, as in the calls.', example: 'eu-central-1' }),
      url: setting(clusterUrl, { help: 'Base URL of the cluster.', example: 'https://old.example.com:9200' }),
      ...credentialSettings,
      ...certificateSettings,
      proxy: setting(proxyUrl, {
        help: 'HTTP proxy (CONNECT) or SOCKS5 proxy through which it is reached.',
        byDefault: 'none',
        example: 'socks5://proxy.example.com:1080',
      }).optional(),
      seeds: list(
        {
          help: 'Transport addresses of its nodes (`host:port`), as the settings `cluster.remote.ALIAS.seeds` and `proxy_address` of the local cluster have them: replication finds by them which cluster such an alias means.',
          byDefault: 'none',
        },
        setting(text, {
          help: 'Transport address of a node.',
          takes: 'HOST:PORT',
          example: 'old.example.com:9300',
          check: (value) => (/^[^\s/@,]+:\d+$/.test(value) ? undefined : 'must be host:port, without scheme and path'),
        }),
      ).optional(),
    },
  ),
).transform((values): Domain => {
  const location = splitCredentials(values.url)
  if (values.proxy !== undefined) registerSecret(splitCredentials(values.proxy).password)
  return {
    owner: values.owner,
    region: values.region,
    url: location.url,
    authentication: authenticationOf(withUrlCredentials(values, location), values.region),
    tls: tlsOf(values),
    proxy: values.proxy,
    seeds: values.seeds,
  }
})

export const domainsSection = settingsByName(
  {
    help: 'Clusters by the names that connections know them by (`DomainName`): 3 to 28 lower case letters, digits and hyphens, a letter first.',
  },
  domainSection,
  (name) =>
    isDomainName(name)
      ? undefined
      : 'is no name of a domain: 3 to 28 lower case letters, digits and hyphens, a letter first',
)
