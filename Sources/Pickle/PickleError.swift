/// The reason why a pickle could not be read.
package enum PickleError: Error, Equatable {
  /// The input could not be read; the input itself knows the reason.
  case input
  /// The instruction at `offset` breaks a rule of the machine or exceeds a limit. `found` may contain a name from the
  /// file, with any characters.
  case refused(PickleDefect, offset: Int, expected: String, found: String)
}

extension PickleError {
  /// Whether the only defect is that the pickle ends too early.
  package var isOfLength: Bool {
    if case .refused(.truncated, _, _, _) = self { true } else { false }
  }
}

/// The kinds of defects of a pickle.
package enum PickleDefect: String, CaseIterable, Sendable {
  /// The bytes end before the STOP instruction.
  case truncated
  /// A byte that is not an instruction of any protocol.
  case opcode
  /// A protocol above 5.
  case version
  /// An instruction finds too few values on the stack, or a value of the wrong kind.
  case stack
  /// An instruction reads a memo entry that was never stored.
  case memo
  /// The argument of an instruction is invalid: a number, a line of text, a length.
  case argument
  /// More instructions, values, text or nesting than any checkpoint needs.
  case limit
}
