import Foundation
import TestSupport

/// The operators that the reference runner supports; each must pass a case of the conformance suites.
let listedOperators: Set<String> = {
  let text =
    (try? String(contentsOfFile: SourceFolder.fixtures + "/onnx/operators.txt", encoding: .utf8)) ?? ""
  return Set(text.split(separator: "\n").map(String.init))
}()
