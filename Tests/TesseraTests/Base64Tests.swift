import Foundation
import Testing

@testable import Tessera

@Suite("base64")
struct Base64Tests {
  @Test("gives back what an encoder wrote, for every length and byte")
  func roundTrip() {
    for length in 0..<100 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length &* 11) }
      #expect(Base64.decoded(Data(bytes).base64EncodedString()) == bytes)
    }
    let all = Array(UInt8.min...UInt8.max)
    #expect(Base64.decoded(Data(all).base64EncodedString()) == all)
  }

  @Test("refuses every text that no encoder writes")
  func strict() {
    // "QQ==" is A; "QR==" has bits that are left over.
    for text in [
      "Q", "QQ", "QQ=", "QR==", "QUJ=", "QUI==", "====", "Q===", "=QQ=", "QQ==QQ==", "QUJD\n", " QUJD",
      "QU-_", "QUJ\u{E9}",
    ] { #expect(Base64.decoded(text) == nil, "\(text)") }
    #expect(Base64.decoded("QQ==") == [65])
    #expect(Base64.decoded("QUI=") == [65, 66])
  }
}
