/// Why a pickle could not be read.
package enum PickleError: Error, Equatable {
  /// The bytes themselves could not be had; whoever gave the input knows why.
  case input
  /// The instruction at `offset` breaks a rule of the machine, or a limit of ours. What was found may hold a name of
  /// the file's, with any characters in it.
  case refused(PickleDefect, offset: Int, expected: String, found: String)
}

extension PickleError {
  /// Whether more bytes might have made a whole pickle.
  package var isOfLength: Bool {
    if case .refused(.truncated, _, _, _) = self { true } else { false }
  }
}

/// The ways in which a pickle can be wrong.
package enum PickleDefect: String, CaseIterable, Sendable {
  /// The bytes end before the instruction that stops.
  case truncated
  /// An instruction that no protocol has.
  case opcode
  /// A protocol after the fifth.
  case version
  /// An instruction that finds too little on the stack, or something of another kind.
  case stack
  /// A value is asked for that was never put away.
  case memo
  /// An instruction's own argument: a number, a line of text, a length.
  case argument
  /// More instructions, values, text or nesting than any checkpoint has.
  case limit
}
