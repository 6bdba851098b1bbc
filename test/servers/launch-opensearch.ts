import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { majorVersion, type ServerDescription } from './catalogue.ts'
import { installCertificates } from './certificates.ts'
import { tool } from './java.ts'
import {
  breakerSettings,
  type Command,
  commonFlags,
  commonSettings,
  environment,
  memoryFlags,
  type Place,
  reindexSources,
  type StartOptions,
  withoutJna,
  writeSettings,
} from './launch.ts'

export async function prepareOpenSearch(
  server: ServerDescription,
  place: Place,
  options: StartOptions,
): Promise<Command> {
  if (server.secure) await installCertificates(place.config)
  await writeSettings(join(place.config, 'opensearch.yml'), {
    ...commonSettings(place, options.repositories),
    'transport.port': place.transportPort,
    'discovery.type': 'single-node',
    [majorVersion(server) === 1 ? 'reindex.remote.whitelist' : 'reindex.remote.allowlist']: reindexSources,
    ...breakerSettings(options),
    ...(server.secure ? securitySettings : {}),
    ...server.settings,
    ...options.settings,
  })
  return {
    command: tool(place.jdk, 'java'),
    args: [
      ...memoryFlags(options),
      ...commonFlags(place),
      ...withoutJna(server),
      '-Dio.netty.allocator.numDirectArenas=0',
      ...(await versionFlags(server, place)),
      ...(server.flags ?? []),
      `-Dopensearch.path.home=${place.home}`,
      `-Dopensearch.path.conf=${place.config}`,
      '-Dopensearch.distribution.type=tar',
      '-Dopensearch.bundled_jdk=false',
      '-cp',
      join(place.home, 'lib', '*'),
      'org.opensearch.bootstrap.OpenSearch',
    ],
    env: environment(place),
  }
}

async function versionFlags(server: ServerDescription, place: Place): Promise<string[]> {
  if (!server.agent) {
    // JDKs older than 12 allow a security manager without being told, and do not know the word.
    const securityManager = place.jdk.major >= 12 ? ['-Djava.security.manager=allow'] : []
    return [...securityManager, '-Djava.locale.providers=SPI,COMPAT']
  }
  const folder = join(place.home, 'agent')
  const agent = (await readdir(folder)).find((file) => /^opensearch-agent-\d/.test(file))
  return [
    `-javaagent:${join(folder, agent ?? '')}`,
    '--add-modules=jdk.incubator.vector',
    '--enable-native-access=ALL-UNNAMED',
  ]
}

const security = 'plugins.security'
const securitySettings = {
  [`${security}.ssl.transport.pemcert_filepath`]: 'node.pem',
  [`${security}.ssl.transport.pemkey_filepath`]: 'node-key.pem',
  [`${security}.ssl.transport.pemtrustedcas_filepath`]: 'ca.pem',
  [`${security}.ssl.transport.enforce_hostname_verification`]: false,
  [`${security}.ssl.http.enabled`]: true,
  [`${security}.ssl.http.pemcert_filepath`]: 'node.pem',
  [`${security}.ssl.http.pemkey_filepath`]: 'node-key.pem',
  [`${security}.ssl.http.pemtrustedcas_filepath`]: 'ca.pem',
  [`${security}.authcz.admin_dn`]: ['CN=admin,O=indexferry'],
  [`${security}.nodes_dn`]: ['CN=node,O=indexferry'],
  // Loads the users the plugin ships, admin/admin among them.
  [`${security}.allow_default_init_securityindex`]: true,
  [`${security}.restapi.roles_enabled`]: ['all_access', 'security_rest_api_access'],
  [`${security}.audit.type`]: 'noop',
}
