import ArgumentParser
import Foundation
import Ledger
import SQLiteStore

struct TokenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Bearer tokens of the REST API.",
    subcommands: [Create.self, List.self, Revoke.self])

  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create a token and print its secret, once: the ledger keeps only a digest of it.")

    @Option(help: "The folder that `epsilond serve` was given.")
    var dataDir: String
    @Option(help: "\(APIToken.Role.allCases.map(\.rawValue).joined(separator: ", ")).")
    var role: String
    @Option(help: "Whom or what the token is for.")
    var name = "token"
    @Option(help: "Days until it expires; without it, never.")
    var expiresInDays: Int?

    func validate() throws {
      guard APIToken.Role(rawValue: role) != nil else {
        throw ValidationError("--role is one of \(APIToken.Role.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      guard expiresInDays.map({ (1...36_500).contains($0) }) ?? true else {
        throw ValidationError("--expires-in-days is from 1 to 36500")
      }
    }

    func run() throws {
      guard let role = APIToken.Role(rawValue: role) else { throw ExitCode.validationFailure }
      let store = try SQLiteStore(path: DataDirectory(creating: dataDir).ledger)
      let (first, second, third, fourth) = (randomWord(), randomWord(), randomWord(), randomWord())
      let secret = "eps_" + [first, second, third, fourth].map(Self.hexadecimal).joined()
      let moment = Moment(now: ProcessContext.now(), randomBits: ProcessContext.randomBits)
      let expires = expiresInDays.map { moment.now.adding(seconds: Int64($0) * 86_400) }
      let digest = try Digest(ofText: secret)
      let token = try store.write { transaction in
        try LedgerWriter(transaction, at: moment)
          .createToken(name: name, role: role, secretDigest: digest, expires: expires)
      }
      FileHandle.standardError.write(Data("\(token.id) (\(role.rawValue)); the secret is shown only now:\n".utf8))
      print(secret)
    }

    private func randomWord() -> UInt64 { ProcessContext.randomBits().0 }

    private static func hexadecimal(_ word: UInt64) -> String {
      let digits = String(word, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the tokens, without their secrets.")

    @Option(help: "The folder that `epsilond serve` was given.")
    var dataDir: String

    func run() throws {
      let store = try SQLiteStore(path: DataDirectory(existing: dataDir).ledger)
      for token in try store.read({ try $0.tokens(Page(limit: 10_000)) }) {
        let state = token.revoked != nil ? "revoked" : token.expires.map { "until \($0)" } ?? "valid"
        print("\(token.id)\t\(token.role.rawValue)\t\(state)\t\(token.name)")
      }
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Revoke a token for ever.")

    @Option(help: "The folder that `epsilond serve` was given.")
    var dataDir: String
    @Argument(help: "tok_…")
    var id: String

    func run() throws {
      guard let id = TokenID(id) else { throw ValidationError("a token's id begins with tok_") }
      let store = try SQLiteStore(path: DataDirectory(existing: dataDir).ledger)
      let moment = Moment(now: ProcessContext.now(), randomBits: ProcessContext.randomBits)
      try store.write { try LedgerWriter($0, at: moment).revokeToken(id) }
    }
  }
}
