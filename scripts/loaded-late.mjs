// What the bundled packages load at once and the program needs rarely or never: HTTP/2, Node's HTTP, processes. Loading that took a third of
// the time of a short command. Each change names the text that it replaces, and the build fails when that is not there any more.

export const bundledPackages = ['cborg', 'commander', 'undici']

/** By the end of the module's path. */
const changes = {
  'undici/lib/dispatcher/client.js': [
    [
      "const connectH2 = require('./client-h2.js')",
      "const connectH2 = (...given) => require('./client-h2.js')(...given)",
    ],
    [
      "const http = require('node:http')",
      "const http = { get maxHeaderSize () { return require('node:http').maxHeaderSize } }",
    ],
    // The value counts for each client, and is asked for there.
    ['http.maxHeaderSize &&\n  Number.isInteger(http.maxHeaderSize) &&\n  http.maxHeaderSize > 0\n', 'true\n\n\n'],
  ],
  'undici/lib/core/util.js': [
    ["const { IncomingMessage } = require('node:http')", ''],
    ['.constructor === IncomingMessage', ".constructor === require('node:http').IncomingMessage"],
  ],
  'commander/lib/command.js': [
    [
      "import childProcess from 'node:child_process'",
      "const childProcess = { spawn: (...given) => process.getBuiltinModule('node:child_process').spawn(...given) }",
    ],
  ],
}

/** The parts of undici that the program uses, each loaded when it is asked for; the whole of it has a browser's half as well. */
const undici = `
const withCalls = (part) => {
  Object.assign(require('undici/lib/dispatcher/dispatcher.js').prototype, require('undici/lib/api/index.js'))
  return part
}
module.exports = {
  get Pool () { return require('undici/lib/dispatcher/pool.js') },
  get Agent () { return require('undici/lib/dispatcher/agent.js') },
  get ProxyAgent () { return withCalls(require('undici/lib/dispatcher/proxy-agent.js')) },
  get buildConnector () { return require('undici/lib/core/connect.js') },
  get errors () { return require('undici/lib/core/errors.js') },
  get request () {
    return withCalls((url, { dispatcher, ...options }) => {
      const { origin, pathname, search } = new URL(url)
      return dispatcher.request({ ...options, origin, path: pathname + search })
    })
  }
}`
const parts = '\0undici-parts.cjs'

export const loadedLate = {
  name: 'loaded-late',
  resolveId: (name) => (name === 'undici' ? parts : undefined),
  load: (id) => (id === parts ? undici : undefined),
  transform(code, id) {
    const path = id.replaceAll('\\', '/')
    const found = Object.entries(changes).find(([end]) => path.endsWith(`node_modules/${end}`))
    if (!found) return undefined
    let changed = code
    for (const [from, to] of found[1]) {
      if (!changed.includes(from)) throw new Error(`${found[0]} has no "${from}" any more: see scripts/loaded-late.mjs`)
      changed = changed.replace(from, () => to)
    }
    // Lines stay where they are.
    return { code: changed, map: null }
  },
}
