internal import CCrypto

/// A SHA-256 value.
public struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]

  /// A digest from its 32 bytes; nil for any other length.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// A digest from its 64 hexadecimal digits; nil for any other text.
  package init?(hex text: String) {
    let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue.map(UInt8.init) }
    guard digits.count == 64, text.utf8.count == 64 else { return nil }
    bytes = stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  fileprivate init(unchecked bytes: [UInt8]) { self.bytes = bytes }

  /// The digest of these bytes.
  package static func of(_ bytes: [UInt8]) -> SHA256Digest {
    let hasher = SHA256Hasher()
    hasher.update(bytes)
    return hasher.finish()
  }

  /// Lower-case hexadecimal, 64 characters.
  public var description: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

/// SHA-256 over bytes that arrive in pieces (FIPS 180-4; libcrypto uses the processor's instructions).
///
/// Not `Sendable`: only one thread may use it at a time.
public final class SHA256Hasher {
  /// libcrypto's newer interface would load its providers and read its configuration file, which takes time and 3 MB.
  private var state = SHA256_CTX()

  /// A hasher that has not hashed any bytes yet.
  public init() { SHA256_Init(&state) }

  /// Adds `bytes` to the hashed bytes.
  public func update(_ bytes: UnsafeRawBufferPointer) {
    SHA256_Update(&state, bytes.baseAddress, bytes.count)
  }

  /// Adds `bytes` to the hashed bytes.
  public func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  /// The digest of all bytes so far; afterwards the hasher is empty again.
  public func finish() -> SHA256Digest {
    var bytes = [UInt8](repeating: 0, count: 32)
    SHA256_Final(&bytes, &state)
    SHA256_Init(&state)
    return SHA256Digest(unchecked: bytes)
  }
}

/// The digest of a whole model, the same for flat files and unit checkpoints.
///
/// It covers every tensor in the byte order of names: the name's length as u64, the name, the dtype, the shape joined
/// by commas, and the tensor's own digest.
public func modelDigest(of tensors: [(spec: TensorSpec, digest: SHA256Digest)]) -> SHA256Digest {
  let hasher = SHA256Hasher()
  for (spec, digest) in tensors.sorted(by: { $0.spec.name < $1.spec.name }) {
    let name = Array(spec.name.text.utf8)
    hasher.update(withUnsafeBytes(of: UInt64(name.count).littleEndian) { Array($0) })
    hasher.update(name)
    hasher.update(Array(spec.dtype.rawValue.utf8))
    hasher.update(Array(spec.shape.map(String.init).joined(separator: ",").utf8))
    hasher.update(digest.bytes)
  }
  return hasher.finish()
}
