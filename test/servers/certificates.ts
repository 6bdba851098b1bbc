// The certificates of the secured server and of its clients. Written here, in the few forms of X.509 that they need, because
// neither Node nor the JDK's keytool makes certificates with their keys as PEM files, and openssl is not everywhere.
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildOnce, cacheFolder } from './cache.ts'

export interface CertificateFiles {
  caFile: string
  clientCertFile: string
  clientKeyFile: string
  /** Of a certificate authority that signed nothing. */
  wrongCaFile: string
  /** Good for a client and a server on 127.0.0.1, if it had not expired in 2021. */
  expiredCertFile: string
  expiredKeyFile: string
}

const edition = 'certificates 1'

function folder(): string {
  return join(cacheFolder(), 'certificates')
}

/** One authority for all servers, so that they trust each other as well. */
export async function certificates(): Promise<CertificateFiles> {
  await buildOnce(folder(), edition, create)
  const file = (name: string) => join(folder(), name)
  return {
    caFile: file('ca.pem'),
    clientCertFile: file('admin.pem'),
    clientKeyFile: file('admin-key.pem'),
    wrongCaFile: file('wrong-ca.pem'),
    expiredCertFile: file('expired.pem'),
    expiredKeyFile: file('expired-key.pem'),
  }
}

/** The server reads no certificate outside of its configuration. */
export async function installCertificates(config: string): Promise<void> {
  await certificates()
  for (const name of ['ca.pem', 'node.pem', 'node-key.pem']) await copyFile(join(folder(), name), join(config, name))
}

async function create(target: string): Promise<void> {
  const current: Validity = ['20200101000000Z', '20491231235959Z']
  const ca = authority('ca', current)
  const made = {
    ca,
    'wrong-ca': authority('wrong-ca', current),
    node: signed('node', ca, current),
    admin: signed('admin', ca, current),
    expired: signed('expired', ca, ['20200101000000Z', '20210101000000Z']),
  }
  for (const [name, { certificate, key }] of Object.entries(made)) {
    await writeFile(join(target, `${name}.pem`), pem('CERTIFICATE', certificate))
    await writeFile(join(target, `${name}-key.pem`), key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  }
}

type Validity = [from: string, to: string]

interface Issued {
  name: string
  key: KeyObject
  certificate: Buffer
}

function newKey(): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
}

function authority(name: string, validity: Validity): Issued {
  const key = newKey()
  const certificate = issue(name, key, { name, key }, validity, [
    extension('551d13', true, sequence(tlv(0x01, Buffer.from([0xff])))), // basicConstraints: an authority
    extension('551d0f', true, tlv(0x03, Buffer.from([1, 0x06]))), // keyUsage: keyCertSign, cRLSign
  ])
  return { name, key, certificate }
}

function signed(name: string, issuer: Issued, validity: Validity): Issued {
  const key = newKey()
  const names = [tlv(0x87, Buffer.from([127, 0, 0, 1])), tlv(0x82, Buffer.from('localhost'))]
  const uses = ['2b06010505070301', '2b06010505070302'] // serverAuth, clientAuth
  const certificate = issue(name, key, issuer, validity, [
    extension('551d11', false, sequence(...names)), // subjectAltName
    extension('551d25', false, sequence(...uses.map(oid))), // extKeyUsage
  ])
  return { name, key, certificate }
}

function issue(
  name: string,
  key: KeyObject,
  issuer: { name: string; key: KeyObject },
  [from, to]: Validity,
  extensions: Buffer[],
): Buffer {
  const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
  // The first byte of the serial number must neither be negative nor zero.
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(8)])
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))), // version 3
    tlv(0x02, serial),
    ecdsaWithSha256,
    distinguishedName(issuer.name),
    sequence(tlv(0x18, Buffer.from(from)), tlv(0x18, Buffer.from(to))),
    distinguishedName(name),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(...extensions)),
  )
  return sequence(body, ecdsaWithSha256, tlv(0x03, Buffer.from([0]), sign('sha256', body, issuer.key)))
}

/** Is written `CN=<name>,O=indexferry` in the settings of the server. */
function distinguishedName(name: string): Buffer {
  const attribute = (id: string, value: string) => tlv(0x31, sequence(oid(id), tlv(0x0c, Buffer.from(value))))
  return sequence(attribute('55040a', 'indexferry'), attribute('550403', name))
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value))
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'))
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, ...parts)
}

/** DER: tag, length, value. */
function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts)
  const length =
    value.length < 0x80
      ? [value.length]
      : value.length < 0x100
        ? [0x81, value.length]
        : [0x82, value.length >> 8, value.length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), value])
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
