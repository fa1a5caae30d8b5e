import StrictJSON
import TestSupport
import Testing

@Suite("What is not zero")
struct NonZeroTests {
  /// A safetensors file with one tensor of these bytes.
  private func file(_ dtype: String, _ shape: [Int], _ bytes: [UInt8]) -> [UInt8] {
    var header = Array(
      #"{"w":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":[0,\#(bytes.count)]}}"#.utf8)
    while header.count % 8 != 0 { header.append(0x20) }
    return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + bytes
  }

  /// Elements that differ from 0: −0.0 equals 0, a NaN does not, and FNUZ has no −0.0.
  static let cases: [(dtype: String, shape: [Int], bytes: [UInt8], nonZero: Int64)] = [
    ("F32", [4], [0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0xC0, 0x7F, 1, 0, 0, 0x80], 2),
    ("F64", [2], [0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F], 1),
    ("BF16", [3], [0, 0x80, 0, 0, 0x80, 0x3F], 1), ("I8", [4], [0, 1, 0x80, 0xFF], 3),
    ("I16", [3], [0, 0x80, 0, 0, 1, 0], 2), ("U8", [3], [0, 0x80, 7], 2), ("BOOL", [3], [0, 1, 1], 2),
    ("F8_E4M3", [4], [0, 0x80, 1, 0x7F], 2), ("F8_E4M3FNUZ", [3], [0, 0x80, 1], 2),
    ("F8_E8M0", [2], [0, 1], 2),
    ("C64", [2], [0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3F], 1),
    // Nibbles 0, 8 (−0), 1, 9, low nibble first.
    ("F4", [4], [0x80, 0x91], 2),
    // Four elements of six bits: 0, 0x20 (−0), 1, 0x21.
    ("F6_E2M3", [4], [0x00, 0x18, 0x84], 2),
  ]

  @Test("is counted by value in every kind of dtype", arguments: cases)
  func values(dtype: String, shape: [Int], bytes: [UInt8], nonZero: Int64) throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(file(dtype, shape, bytes), as: "w.safetensors")
    _ = try folder.write(
      #"{"format":"tessera.counting-policy/1","id":"nz","version":1,"title":"t","density":"non-zero"}"#,
      as: "nz.json")
    let run = try tessera(
      ["count", "w.safetensors", "--policy", "nz.json", "--json"], directory: folder.path)
    #expect(run.ending == .exited(0), "\(run.errorText)")
    guard case .object(let object) = try JSONParser().parse(run.output),
      case .array(let policies)? = object["policies"],
      case .object(let table)? = policies.first, case .array(let rows)? = table["rows"],
      case .object(let stored)? = rows.last
    else { return #expect(Bool(false)) }
    #expect(stored["parameters"] == .integer(nonZero))
    #expect(stored["excluded"] == .integer(Int64(shape.reduce(1, *)) - nonZero))
  }

  @Test("needs data: a plan with shapes ends with 2")
  func plans() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(
      #"{"format":"tessera.counting-policy/1","id":"nz","version":1,"title":"t","density":"non-zero"}"#,
      as: "nz.json")
    let said = try tessera(
      ["count", "\(SourceFolder.root)/samples/paper/toy.plan.json", "--policy", "nz.json"],
      directory: folder.path
    ).sentence()
    #expect(
      said.hasSuffix("policy 'nz': expected tensors with data, because values are counted, found only shapes")
    )
  }
}
