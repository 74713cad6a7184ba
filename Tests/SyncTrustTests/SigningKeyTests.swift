import SyncProtocol
import SyncTrust
import Testing

struct SigningKeyTests {
    @Test("[N-03] a device's id is the first 16 bytes of the SHA-256 of its public key")
    func deviceID() {
        let key = Sample.device.publicKey

        #expect(
            key.bytes.hexadecimal
                == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        )
        #expect(key.deviceID.description == "21fe31dfa154a261626bf854046fd227")
        #expect(
            key.fingerprint == "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9"
        )
    }

    @Test("[N-03] two keys are two devices")
    func differentDevices() {
        #expect(SigningKey().publicKey.deviceID != SigningKey().publicKey.deviceID)
    }

    @Test func `a key pair is the same again from its seed, and a public key from its bytes`()
        throws
    {
        let key = SigningKey()

        let again = try #require(SigningKey(seed: key.seed))
        let half = try #require(PublicKey(bytes: key.publicKey.bytes))

        #expect(again.publicKey.bytes == key.publicKey.bytes)
        #expect(half.deviceID == key.publicKey.deviceID)
    }

    @Test(arguments: [0, 31, 33])
    func `what is not 32 bytes is no key`(count: Int) {
        #expect(SigningKey(seed: [UInt8](repeating: 1, count: count))?.seed == nil)
        #expect(PublicKey(bytes: [UInt8](repeating: 1, count: count))?.bytes == nil)
    }
}
