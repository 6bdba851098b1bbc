// Elasticsearch publishes zips: complete ones up to 6.8, later only the core that its own integration tests need, to which the
// modules published elsewhere are added.
import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServerDescription } from './catalogue.ts'
import { copyInto, installModule, type Workplace, without, writeDescriptor } from './install-module.ts'
import { compile, pack, unpack } from './jdk-tools.ts'
import { type Artifact, resolveArtifacts } from './maven.ts'

export async function assembleElasticsearch(server: ServerDescription, place: Workplace): Promise<void> {
  const { home, work, jdk } = place
  const modules = server.modules ?? []
  const projects: Record<string, Artifact[]> = {}
  if (server.libraries) projects.lib = server.libraries
  if (server.distribution) projects.distribution = [{ alone: server.distribution }]
  if (server.patchedSources) projects.sources = [{ alone: server.patchedSources }]
  for (const module of modules) projects[module.name] = [module.artifact]
  const resolved = await resolveArtifacts(projects, join(work, 'maven'), jdk)

  if (resolved.lib) await copyInto(join(home, 'lib'), resolved.lib)
  if (resolved.distribution) await unpackDistribution(resolved.distribution[0], place)
  const libraries = await readdir(join(home, 'lib'))
  for (const module of modules) {
    await installModule(server, module, without(resolved[module.name], libraries), home)
  }
  if (resolved.sources) await patchJvmInfo(resolved.sources[0], place)
  if (server.rootPage) await addRootPage(server, server.rootPage.release, place)
}

async function unpackDistribution(zip: string, { home, work, jdk }: Workplace): Promise<void> {
  const folder = join(work, 'distribution')
  await mkdir(folder)
  await unpack(jdk, zip, folder)
  const [top] = await readdir(folder)
  await cp(join(folder, top), home, { recursive: true })
}

/**
 * Version 1 asks Java for its boot class path, which Java 9 and later answer with an exception. Its class is compiled anew without
 * the question and put before the original.
 */
async function patchJvmInfo(sources: string, { home, work, jdk }: Workplace): Promise<void> {
  const entry = 'org/elasticsearch/monitor/jvm/JvmInfo.java'
  const folder = join(work, 'patch')
  await mkdir(folder)
  await unpack(jdk, sources, folder, [entry])
  const file = join(folder, entry)
  const source = await readFile(file, 'utf8')
  await writeFile(file, source.replaceAll('runtimeMXBean.getBootClassPath()', '""'))
  await mkdir(join(home, 'patch'))
  await compile(jdk, file, join(home, 'patch'), 8, join(home, 'lib'))
}

/** The zips of version 8 and later lack the module that answers `GET /`, which every client asks first. */
async function addRootPage(server: ServerDescription, release: number, { home, work, jdk }: Workplace): Promise<void> {
  const source = join(work, 'RootPagePlugin.java')
  await copyFile(fileURLToPath(new URL('./root-page/RootPagePlugin.java', import.meta.url)), source)
  const classes = join(work, 'root-page')
  await compile(jdk, source, classes, release, join(home, 'lib'))
  const module = { name: 'root-page', artifact: '', pluginClass: 'indexferry.RootPagePlugin' }
  const folder = join(home, 'modules', module.name)
  await mkdir(folder)
  await pack(jdk, join(folder, 'root-page.jar'), classes)
  await writeDescriptor(folder, server, module)
}
