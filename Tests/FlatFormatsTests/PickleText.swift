/// Pickles of protocol 2 as bytes, put together from values; a test can write any value in any place.
indirect enum PickleText {
  case text(String)
  case integer(Int)
  case none
  case tuple([PickleText])
  case list([PickleText])
  case dictionary([(PickleText, PickleText)])
  /// The name of a class or function.
  case global(String, String)
  /// A new object of a class, with a state.
  case object(String, String, PickleText?)
  /// The call of a function.
  case call(String, String, [PickleText])
  /// A value that gets a number in the memo.
  case kept(UInt8, PickleText)
  /// The value with this number, again.
  case again(UInt8)

  /// An object whose state is a dictionary of attributes.
  static func record(_ module: String, _ name: String, _ fields: [(String, PickleText)]) -> PickleText {
    .object(module, name, .dictionary(fields.map { (.text($0.0), $0.1) }))
  }

  /// The whole pickle.
  var pickle: [UInt8] { [0x80, 2] + bytes + Array(".".utf8) }

  private var bytes: [UInt8] {
    switch self {
    case .text(let text): [0x58] + FlatFormatsTests.bytes(UInt32(text.utf8.count)) + Array(text.utf8)
    case .integer(let value): [0x8A, 8] + FlatFormatsTests.bytes(Int64(value))
    case .none: Array("N".utf8)
    case .tuple(let members): Array("(".utf8) + members.flatMap(\.bytes) + Array("t".utf8)
    case .list(let members): Array("](".utf8) + members.flatMap(\.bytes) + Array("e".utf8)
    case .dictionary(let pairs):
      Array("}(".utf8) + pairs.flatMap { $0.bytes + $1.bytes } + Array("u".utf8)
    case .global(let module, let name): Array("c\(module)\n\(name)\n".utf8)
    case .object(let module, let name, let state):
      PickleText.global(module, name).bytes + [0x29, 0x81] + (state.map { $0.bytes + Array("b".utf8) } ?? [])
    case .call(let module, let name, let arguments):
      PickleText.global(module, name).bytes + PickleText.tuple(arguments).bytes + Array("R".utf8)
    case .kept(let number, let value): value.bytes + [0x71, number]
    case .again(let number): [0x68, number]
    }
  }
}
