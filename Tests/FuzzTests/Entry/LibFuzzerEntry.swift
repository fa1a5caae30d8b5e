import Glibc

/// The parser that `TESSERA_FUZZ_PARSER` names.
private let parser: FuzzedParser = {
  let name = getenv("TESSERA_FUZZ_PARSER").map { String(cString: $0) } ?? ""
  if let parser = FuzzedParser(rawValue: name) { return parser }
  let names = FuzzedParser.allCases.map(\.rawValue).joined(separator: ", ")
  print("TESSERA_FUZZ_PARSER: expected one of \(names), found '\(name)'")
  exit(64)
}()

/// The function that libFuzzer calls with each input (https://llvm.org/docs/LibFuzzer.html).
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  parser.exercise(Array(UnsafeBufferPointer(start: start, count: count)))
  return 0
}
