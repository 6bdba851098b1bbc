// What can be said about the connection to one cluster. Every option is there twice: --source-… and --target-….
import {
  between,
  choice,
  duration,
  fileName,
  flag,
  header,
  option,
  optionWithDefault,
  repeatable,
  secret,
  text,
} from '../foundation/option.ts'
import { formatDuration } from '../foundation/quantity.ts'
import { type ClusterVersion, parseClusterVersion } from '../model/cluster-version.ts'

const ofMigrations = ['migrate', 'resume', 'cut-over', 'reverse', 'complete', 'abort'] as const
const commands = ['copy', 'follow', ...ofMigrations, 'assess', 'verify', 'snapshot'] as const
/** Object stores are reached with these as well. */
const withStores = [...commands, 'object'] as const

const clusterVersion = {
  name: 'special',
  placeholder: 'VERSION',
  expects: 'a version such as elasticsearch-6.8.23 or opensearch-2.19.4',
  parse: (value: string): ClusterVersion | undefined => parseClusterVersion(value),
} as const

const nodeUrl = {
  name: 'text',
  placeholder: 'URL',
  expects: 'the URL of a node such as https://node2:9200',
  parse: (value: string): string | undefined => (/^https?:\/\/[^\s/]+/i.test(value) ? value : undefined),
} as const

const timeout = between(100, 3_600_000, formatDuration)

export const clusterOptions = {
  user: option(text, {
    commands,
    help: 'User name for basic authentication.',
    placeholder: 'NAME',
    example: 'migrator',
  }),
  password: secret({ commands, help: 'Password for basic authentication.' }),
  apiKey: secret({
    commands,
    help: 'API key, as the cluster gave it in base64 (id:key). Elasticsearch only.',
  }),
  bearerToken: secret({ commands, help: 'Bearer token, sent with every request (JSON Web Tokens, service tokens).' }),
  sigv4Region: option(text, {
    commands,
    help: 'Sign requests with AWS Signature Version 4 for this region. Credentials come from the AWS credential chain: environment, profile, container or instance role.',
    placeholder: 'REGION',
    example: 'eu-central-1',
  }),
  sigv4Service: optionWithDefault(choice('es', 'aoss'), 'es', {
    commands,
    help: 'AWS service that requests are signed for: es (OpenSearch Service domains) or aoss (serverless collections).',
  }),
  sigv4Profile: option(text, {
    commands,
    help: 'Profile of the AWS configuration files that credentials come from.',
    placeholder: 'NAME',
    defaultText: 'AWS_PROFILE, else `default`',
  }),
  ca: option(fileName, {
    commands: withStores,
    help: 'File of CA certificates (PEM) that the certificate of the cluster must be signed by, instead of those that this machine trusts.',
    example: 'old-cluster-ca.pem',
  }),
  cert: option(fileName, { commands, help: 'Client certificate (PEM), for clusters that ask for one.' }),
  key: option(fileName, { commands, help: 'Private key of the client certificate (PEM).' }),
  keyPassphrase: secret({ commands, help: 'Passphrase of the private key.' }),
  tlsName: option(text, {
    commands,
    help: 'Name that the certificate must carry, where it is another than the host of the URL.',
    placeholder: 'HOST',
  }),
  insecure: flag({
    commands: withStores,
    help: 'Do not check the certificate of the cluster. Whoever sits in between can then read and change everything, credentials included; --source-ca is the better way.',
  }),
  header: repeatable(header, {
    commands,
    help: 'Header to send with every request, for proxies that want one.',
    example: '"X-Tenant: blue"',
    sensitive: true,
  }),
  node: repeatable(nodeUrl, {
    commands,
    help: 'URL of a further node of the same cluster; requests are spread over all of them.',
    example: 'https://node2:9200',
  }),
  connectTimeout: optionWithDefault(duration, 10_000, {
    commands: withStores,
    help: 'How long a connection may take to be made.',
    check: timeout,
  }),
  readTimeout: optionWithDefault(duration, 120_000, {
    commands: withStores,
    help: 'How long the cluster may be silent while a request is being answered.',
    check: timeout,
  }),
  gzip: optionWithDefault(choice('auto', 'on', 'off'), 'auto', {
    commands,
    help: 'Compress requests and answers. `auto` does not for clusters on this machine and its networks, where it only costs processor time.',
  }),
  version: option<ClusterVersion>(clusterVersion, {
    commands,
    help: 'What the cluster is, where it cannot be told from its answers.',
    example: 'elasticsearch-6.8.23',
  }),
}
