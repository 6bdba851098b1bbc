// Resolves everything that one server is made of in one Maven run: a reactor with one small project per module, because starting
// Maven costs more than most of its downloads.
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Jdk } from './java.ts'
import { fetchWith } from './run.ts'

/** group:artifact:version[:type[:classifier]]; with everything it depends on, or alone. */
export type Artifact = string | { alone: string }

/** The resolved files of each project. */
export type Resolved = Record<string, string[]>

const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'

export async function resolveArtifacts(
  projects: Record<string, Artifact[]>,
  workFolder: string,
  jdk: Jdk,
): Promise<Resolved> {
  const names = Object.keys(projects)
  await mkdir(workFolder, { recursive: true })
  const modules = names.map((name) => `<module>${name}</module>`).join('')
  await writeFile(join(workFolder, 'pom.xml'), pom('all', `<modules>${modules}</modules>`))
  for (const name of names) {
    await mkdir(join(workFolder, name))
    const dependencies = projects[name].map(dependency).join('')
    await writeFile(join(workFolder, name, 'pom.xml'), pom(name, `<dependencies>${dependencies}</dependencies>`))
  }
  await fetchWith('mvn', ['-q', '-B', '-ntp', copyDependencies, '-DincludeScope=runtime', '-DoutputDirectory=files'], {
    cwd: workFolder,
    env: { ...process.env, JAVA_HOME: process.env.JAVA_HOME || jdk.home },
    // Maven remembers a download that failed, and does not try again for a day unless it is told to.
    again: ['-U'],
  })
  const resolved: Resolved = {}
  for (const name of names) {
    const folder = join(workFolder, name, 'files')
    resolved[name] = (await readdir(folder)).map((file) => join(folder, file))
  }
  return resolved
}

function pom(name: string, body: string): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>indexferry.servers</groupId><artifactId>part-${name}</artifactId><version>1</version><packaging>pom</packaging>
${body}</project>
`
}

function dependency(artifact: Artifact): string {
  const coordinates = typeof artifact === 'string' ? artifact : artifact.alone
  const [group, id, version, type = 'jar', classifier] = coordinates.split(':')
  const exclusions =
    typeof artifact === 'string'
      ? ''
      : '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>'
  return (
    `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version>` +
    `<type>${type}</type>${classifier ? `<classifier>${classifier}</classifier>` : ''}${exclusions}</dependency>`
  )
}
