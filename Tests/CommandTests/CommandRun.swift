import Foundation
import TestSupport
import Testing

/// Runs the built command under the limits for hostile input.
///
/// `ulimit -d` bounds private writable memory, which is more than resident memory. A run that needs over 512 MiB cannot
/// allocate and dies by a signal, which no test accepts.
func tessera(_ arguments: [String], directory: String? = nil, timeout: Double = 120) throws -> Subprocess {
  try shell("ulimit -d 524288; exec \"$0\" \"$@\"", [Peers.tessera] + arguments, directory, timeout)
}

/// Runs a shell script; `$0`, `$1`, … are the arguments.
func shell(
  _ script: String, _ arguments: [String], _ directory: String? = nil, _ timeout: Double = 120
) throws -> Subprocess {
  try Subprocess.run("/bin/sh", ["-c", script] + arguments, directory: directory, timeout: timeout)
}

extension Subprocess {
  /// Standard error of a command that could not do its work, which must be one sentence.
  ///
  /// Checks for exit code 2, nothing on standard output, and one line that begins with the command's name.
  func sentence(_ location: SourceLocation = #_sourceLocation) -> String {
    #expect(ending == .exited(2), "\(ending): \(errorText)", sourceLocation: location)
    #expect(output.isEmpty, "\(outputText)", sourceLocation: location)
    let lines = errorText.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 2 && lines.last == "", "\(errorText)", sourceLocation: location)
    #expect(errorText.hasPrefix("tessera: "), "\(errorText)", sourceLocation: location)
    return lines.first.map { String($0.dropFirst("tessera: ".count)) } ?? ""
  }
}

extension TemporaryFolder {
  /// Writes text.
  func write(_ text: String, as name: String) throws -> String { try write(Array(text.utf8), as: name) }

  /// The temporary files that exist now.
  func temporaries() throws -> [String] {
    try names().filter { $0.hasPrefix(".") && $0.contains(".tessera-") && $0.hasSuffix(".tmp") }
  }
}

/// Reports on standard error that a test could not run; in CI this fails the test.
func skip(_ reason: String) {
  FileHandle.standardError.write(Data("SKIPPED: \(reason)\n".utf8))
  #expect(!Peers.isCI, "\(reason)")
}
