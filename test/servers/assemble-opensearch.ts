// OpenSearch publishes no server as a zip, but every jar of it.
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ServerDescription } from './catalogue.ts'
import { copyInto, installModule, type Workplace, without } from './install-module.ts'
import { unpack } from './jdk-tools.ts'
import { type Artifact, resolveArtifacts } from './maven.ts'

const logging = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] [%node_name]%marker %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`

export async function assembleOpenSearch(server: ServerDescription, { home, work, jdk }: Workplace): Promise<void> {
  const modules = server.modules ?? []
  const projects: Record<string, Artifact[]> = { lib: server.libraries ?? [] }
  for (const module of modules) projects[module.name] = [module.artifact]
  if (server.agent) projects.agent = [server.agent]
  if (server.plugins) projects.plugins = server.plugins.map((plugin) => ({ alone: plugin }))
  const resolved = await resolveArtifacts(projects, join(work, 'maven'), jdk)

  await copyInto(join(home, 'lib'), resolved.lib)
  for (const module of modules) {
    const extended = module.extends ? resolved[module.extends] : []
    await installModule(server, module, without(resolved[module.name], [...resolved.lib, ...extended]), home)
  }
  // Its manifest names the other two jars by their versioned names: the three stay together.
  if (server.agent) await copyInto(join(home, 'agent'), resolved.agent)
  for (const zip of resolved.plugins ?? []) await installPlugin(zip, { home, work, jdk })
  await writeFile(join(home, 'config', 'log4j2.properties'), logging)
}

/** As `opensearch-plugin install` does: what the zip has in config/ belongs to the configuration of the server. */
async function installPlugin(zip: string, { home, work, jdk }: Workplace): Promise<void> {
  const folder = join(work, basename(zip, '.zip'))
  await mkdir(folder)
  await unpack(jdk, zip, folder)
  const name = /^name=(.*)$/m.exec(await readFile(join(folder, 'plugin-descriptor.properties'), 'utf8'))?.[1].trim()
  if (!name) throw new Error(`${basename(zip)} does not say its name`)
  if ((await readdir(folder)).includes('config')) await rename(join(folder, 'config'), join(home, 'config', name))
  await rename(folder, join(home, 'plugins', name))
}
