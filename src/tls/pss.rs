//! RSASSA-PSS verification (RFC 8017, 8.1.2) for key sizes that aws-lc-rs does not take.
//!
//! A newcomer's trap: this is a public operation on public values, so it need not take constant
//! time. Nothing that holds a secret may be built on it.

use aws_lc_rs::digest::{Algorithm, Context, digest};
use num_bigint::BigUint;

/// RSA 1024 is the smallest in use; above 16384 bits OpenSSL refuses too.
const MODULUS_BITS: std::ops::RangeInclusive<u64> = 1024..=16384;
/// An exponent this long is still quick; real ones have 17 bits.
const MAX_EXPONENT_BITS: u64 = 64;

/// Whether `signature` is one over `message` by the key, the salt as long as the hash as TLS has
/// it (RFC 8446, 4.2.3).
pub(super) fn verify(
    modulus: &[u8],
    exponent: &[u8],
    hash: &'static Algorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let (n, e, s) =
        (BigUint::from_bytes_be(modulus), BigUint::from_bytes_be(exponent), BigUint::from_bytes_be(signature));
    let bytes = usize::try_from(n.bits().div_ceil(8)).unwrap_or(usize::MAX);
    let sane = MODULUS_BITS.contains(&n.bits()) && n.bit(0) && e.bits() <= MAX_EXPONENT_BITS && e.bit(0);
    if !sane || signature.len() != bytes || s >= n {
        return false;
    }
    decode(&s.modpow(&e, &n), n.bits() - 1, hash, message).is_some()
}

/// EMSA-PSS-VERIFY (RFC 8017, 9.1.2); its steps are numbered as there.
fn decode(encoded: &BigUint, em_bits: u64, hash: &'static Algorithm, message: &[u8]) -> Option<()> {
    let em_len = usize::try_from(em_bits.div_ceil(8)).ok()?;
    let digits = encoded.to_bytes_be();
    let mut em = vec![0; em_len.checked_sub(digits.len())?];
    em.extend(digits);

    // 3–6: the length, the trailer, the bits that stay clear.
    let h_len = hash.output_len();
    let db_len = em_len.checked_sub(h_len + 1)?;
    let (masked, rest) = em.split_at_checked(db_len)?;
    let (h, trailer) = rest.split_at_checked(h_len)?;
    let clear = u32::try_from(8 * em_len as u64 - em_bits).ok()?;
    let keep = 0xff_u8.checked_shr(clear)?;
    if trailer != [0xbc] || masked.first()? & !keep != 0 {
        return None;
    }

    // 7–9: the data block without its mask.
    let mut db: Vec<u8> = masked.iter().zip(mask(h, hash, db_len)).map(|(byte, mask)| byte ^ mask).collect();
    *db.first_mut()? &= keep;

    // 10–14: zeros, a one, the salt; and the hash over it all.
    let (padding, salt) = db.split_at_checked(db_len.checked_sub(h_len)?)?;
    let (one, zeros) = padding.split_last()?;
    if *one != 1 || zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    let mut context = Context::new(hash);
    context.update(&[0; 8]);
    context.update(digest(hash, message).as_ref());
    context.update(salt);
    (context.finish().as_ref() == h).then_some(())
}

/// MGF1 (RFC 8017, B.2.1).
fn mask(seed: &[u8], hash: &'static Algorithm, length: usize) -> Vec<u8> {
    let blocks = (0_u32..).map(|counter| {
        let mut context = Context::new(hash);
        context.update(seed);
        context.update(&counter.to_be_bytes());
        context.finish()
    });
    blocks.flat_map(|block| block.as_ref().to_vec()).take(length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{certificate::Certificate, testing::pem_to_der};
    use aws_lc_rs::{
        digest::{SHA256, SHA384, SHA512},
        rand::SystemRandom,
        signature::{RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair},
    };
    use x509_parser::public_key::PublicKey;

    #[test]
    fn it_agrees_with_aws_lc_on_a_key_that_both_take() {
        let certificate = pem_to_der(include_str!("testdata/rsa2048.pem"));
        let certificate = Certificate::parse(&certificate).unwrap();
        let Ok(PublicKey::RSA(public)) = certificate.public_key().parsed() else { panic!("an RSA key") };
        let key = RsaKeyPair::from_pkcs8(&pem_to_der(include_str!("testdata/pkcs8.pem"))).unwrap();
        for (padding, hash) in [(&RSA_PSS_SHA256, &SHA256), (&RSA_PSS_SHA384, &SHA384), (&RSA_PSS_SHA512, &SHA512)] {
            for n_th in 0..20_u8 {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &SystemRandom::new(), &[n_th], &mut signature).unwrap();
                assert!(verify(public.modulus, public.exponent, hash, &[n_th], &signature));
                assert!(!verify(public.modulus, public.exponent, hash, &[n_th, 0], &signature));
            }
        }
    }

    #[test]
    fn odd_keys_and_signatures_are_refused_and_do_not_take_for_ever() {
        let n = [0xff; 128];
        for (n, e, s) in [
            (&n[..], &[3][..], &[0; 128][..]),
            (&n, &[1], &[1; 128]),
            (&n, &[0xff; 128], &[1; 128]),
            (&n, &[3], &[0xff; 128]),
            (&n, &[3], &[1; 127]),
            (&n, &[], &[1; 128]),
            (&[], &[3], &[]),
            (&[0; 128], &[3], &[0; 128]),
            (&n[..64], &[3], &[1; 64]),
        ] {
            assert!(!verify(n, e, &SHA256, b"", s));
        }
    }
}
