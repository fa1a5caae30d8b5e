import Tensors
import Testing

@Suite("Digests and checksums")
struct DigestTests {
  @Test("SHA-256 agrees with the standard's vectors, in one piece or several")
  func sha256() {
    let hasher = SHA256Hasher()
    #expect(hasher.finish().description == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    hasher.update(Array("abc".utf8))
    let whole = hasher.finish()
    #expect(whole.description == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    hasher.update(Array("a".utf8))
    hasher.update([])
    hasher.update(Array("bc".utf8))
    #expect(hasher.finish() == whole)
  }

  @Test("a digest is read from 64 hexadecimal digits, in either case, and from nothing else")
  func hexadecimal() {
    let digest = SHA256Digest.of([1, 2, 3])
    #expect(SHA256Digest(hex: "\(digest)") == digest)
    #expect(SHA256Digest(hex: "\(digest)".uppercased()) == digest)
    let text = "\(digest)"
    for wrong in [
      "", String(text.dropLast()), text + "0", "+" + text.dropFirst(), "g" + text.dropFirst(),
      " " + text.dropFirst(),
      "\u{FF10}" + text.dropFirst(), String(repeating: "\u{FF10}", count: 64),
    ] { #expect(SHA256Digest(hex: wrong) == nil, "\(wrong)") }
  }

  @Test("a digest has 32 bytes")
  func length() {
    #expect(SHA256Digest(bytes: [1, 2, 3]) == nil)
    #expect(
      SHA256Digest(bytes: [UInt8](repeating: 0xAB, count: 32))?.description
        == String(repeating: "ab", count: 32))
  }

  /// Expected values are those of the reference implementation (xxhash 0.8, `XXH3_64bits`).
  @Test(
    "XXH3 agrees with the reference, in one piece or several",
    arguments: [("", 0x2D06_8005_38D3_94C2 as UInt64), ("abc", 0x78AF_5F94_892F_3950)])
  func xxh3(text: String, expected: UInt64) {
    let bytes = Array(text.utf8)
    #expect(bytes.withUnsafeBytes { RunChecksum.of($0) } == expected)
    let checksum = RunChecksum()
    for byte in bytes { [byte].withUnsafeBytes { checksum.update($0) } }
    #expect(checksum.finish() == expected)
    #expect(checksum.finish() == 0x2D06_8005_38D3_94C2)
  }

  /// The expected value was computed in Python: for each sorted name its u64 length, name, dtype, shape and digest.
  @Test("the model digest takes names in byte order and does not depend on the order given")
  func model() throws {
    let hasher = SHA256Hasher()
    let tensors = try [("b", DType.f32, [2, 3]), ("a.é", .i64, []), ("", .bf16, [0])].map {
      name, dtype, shape in
      hasher.update(Array(name.utf8))
      return (
        spec: try TensorSpec(name: TensorName(name), dtype: dtype, shape: shape), digest: hasher.finish()
      )
    }
    let expected = "761009579b1c66674dfe26dcf90afd89b1502bc7676f08331fc527a6b40c519e"
    #expect(modelDigest(of: tensors).description == expected)
    #expect(modelDigest(of: tensors.reversed()).description == expected)
  }
}
