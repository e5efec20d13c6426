//! Session keys from the master key: AES-CM as PRF, key derivation rate 0. RFC 3711 §4.3.

use super::{Suite, WrongKeyLength};
use aes::{Aes128, Aes256};
use ctr::cipher::consts::U16;
use ctr::cipher::{
    BlockCipherEncrypt, BlockSizeUser, InnerIvInit as _, KeyInit as _, StreamCipherCore as _,
};
use zeroize::Zeroizing;

/// AES in counter mode over a borrowed key schedule.
pub(super) type CounterMode<'a, C> = ctr::CtrCore<&'a C, ctr::flavors::Ctr128BE>;

/// Which packets the session keys are for: the first of three labels. RFC 3711 §4.3.2.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Rtp = 0,
    Rtcp = 3,
}

/// The session keys of one stream; wiped on drop.
pub(super) struct SessionKeys {
    /// For suites with keys of 128 bits the first 16 octets.
    pub(super) cipher: Zeroizing<[u8; 32]>,
    /// For HMAC-SHA1; of no use to AEAD suites.
    pub(super) auth: Zeroizing<[u8; 20]>,
    /// For AEAD suites the first 12 octets.
    pub(super) salt: Zeroizing<[u8; 14]>,
}

impl SessionKeys {
    /// Derives the keys of a stream.
    ///
    /// # Errors
    /// `master` is not [`Suite::key_length`] octets.
    pub(super) fn derive(
        suite: Suite, master: &[u8], stream: Stream,
    ) -> Result<Self, WrongKeyLength> {
        let (key, salt) = master.split_at_checked(suite.lengths().0).ok_or(WrongKeyLength)?;
        if salt.len() != suite.lengths().1 {
            return Err(WrongKeyLength);
        }
        // RFC 7714 §11: the salt of 96 bits stands on the left of the 112.
        let mut wide = Zeroizing::new([0; 14]);
        wide.iter_mut().zip(salt).for_each(|(wide, octet)| *wide = *octet);
        let wrong = |_| WrongKeyLength;
        Ok(match suite {
            Suite::AesCm128HmacSha1_80 | Suite::AeadAes128Gcm => {
                Self::of(&Aes128::new_from_slice(key).map_err(wrong)?, &wide, stream)
            }
            // RFC 7714 §11: AES_256_CM as PRF, RFC 6188 §2.
            Suite::AeadAes256Gcm => {
                Self::of(&Aes256::new_from_slice(key).map_err(wrong)?, &wide, stream)
            }
        })
    }

    fn of<C>(prf: &C, salt: &[u8; 14], stream: Stream) -> Self
    where
        C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
    {
        let label = stream as u8;
        Self {
            cipher: expand(prf, salt, label),
            auth: expand(prf, salt, label + 1),
            salt: expand(prf, salt, label + 2),
        }
    }
}

/// The first `N` octets of the PRF under `label`. RFC 3711 §4.3.3.
fn expand<const N: usize, C>(prf: &C, salt: &[u8; 14], label: u8) -> Zeroizing<[u8; N]>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut block = Zeroizing::new([0; 16]);
    block.iter_mut().zip(salt).for_each(|(octet, salt)| *octet = *salt);
    if let Some(octet) = block.get_mut(7) {
        *octet ^= label;
    }
    let mut key = Zeroizing::new([0; N]);
    let stream = CounterMode::inner_iv_init(prf, (&*block).into());
    stream.apply_keystream_partial(key.as_mut_slice().into());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3711 §B.2, the first blocks: AES-CM from a shifted salt.
    #[test]
    fn rfc_3711_b2_keystream() {
        let key = super::super::tests::hex("2B7E151628AED2A6ABF7158809CF4F3C");
        let prf = Aes128::new_from_slice(&key).unwrap();
        let mut salt = [0; 14];
        salt.copy_from_slice(&super::super::tests::hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
        let expected = super::super::tests::hex(
            "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB\
             41E95B3BB0A2E8DD477901E4FCA894C0",
        );
        assert_eq!(expand::<48, _>(&prf, &salt, 0).as_slice(), expected);
        // And the blocks FEFF to FF01, 0xFEFF blocks further on.
        let mut stream = vec![0; 16 * 0xFF02];
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&salt);
        CounterMode::inner_iv_init(&prf, &iv.into())
            .apply_keystream_partial(stream.as_mut_slice().into());
        let expected = super::super::tests::hex(
            "EC8CDF7398607CB0F2D21675EA9EA1E4362B7C3C6773516318A077D7FC5073AE\
             6A2CC3787889374FBEB4C81B17BA6C44",
        );
        assert_eq!(stream[16 * 0xFEFF..], expected);
    }

    /// RFC 3711 §B.3.
    #[test]
    fn rfc_3711_b3_key_derivation() {
        let hex = super::super::tests::hex;
        let master = hex("E1F97A0D3E018BE0D64FA32C06DE41390EC675AD498AFEEBB6960B3AABE6");
        let keys = SessionKeys::derive(Suite::AesCm128HmacSha1_80, &master, Stream::Rtp).unwrap();
        assert_eq!(keys.cipher[..16], hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(keys.salt.as_slice(), hex("30CBBC08863D8C85D49DB34A9AE1"));
        let auth = hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4");
        assert_eq!(keys.auth.as_slice(), auth);
        let short = SessionKeys::derive(Suite::AesCm128HmacSha1_80, &master[1..], Stream::Rtp);
        assert!(short.is_err());
    }

    /// RFC 6188 §7.2.
    #[test]
    fn rfc_6188_7_2_key_derivation() {
        let hex = super::super::tests::hex;
        let key = hex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6");
        let mut salt = [0; 14];
        salt.copy_from_slice(&hex("3b04803de51ee7c96423ab5b78d2"));
        let keys = SessionKeys::of(&Aes256::new_from_slice(&key).unwrap(), &salt, Stream::Rtp);
        let cipher = hex("5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4");
        assert_eq!(keys.cipher.as_slice(), cipher);
        assert_eq!(keys.auth.as_slice(), hex("fd9c32d39ed5fbb5a9dc96b30818454d1313dc05"));
        assert_eq!(keys.salt.as_slice(), hex("fa31791685ca444a9e07c6c64e93"));
    }
}
