//! TLS for the OTLP listeners: a given certificate, TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

use crate::config::TlsFiles;

/// The alert `handshake_failure` (RFC 8446, section 6): what a sender of TLS hears where there is no certificate, so that it
/// fails at once with a clear word instead of waiting.
pub const ALERT_HANDSHAKE_FAILURE: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

/// Reads certificate and key.
///
/// # Errors
/// A sentence that names the file and the cause.
pub fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, String> {
    let open = |path: &Path| {
        File::open(path)
            .map(BufReader::new)
            .map_err(|error| format!("TLS: opening `{}`: {error}", path.display()))
    };
    let certificates =
        rustls_pemfile::certs(&mut open(&files.certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("TLS: `{}` is no PEM: {error}", files.certificate.display()))?;
    if certificates.is_empty() {
        return Err(format!("TLS: `{}` holds no certificate in PEM", files.certificate.display()));
    }
    let key = rustls_pemfile::private_key(&mut open(&files.key)?)
        .map_err(|error| format!("TLS: `{}` is no PEM: {error}", files.key.display()))?
        .ok_or_else(|| format!("TLS: `{}` holds no private key in PEM", files.key.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key))
        .map_err(|error| {
            format!(
                "TLS: `{}` and `{}` do not belong together or are unusable: {error}",
                files.certificate.display(),
                files.key.display()
            )
        })?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
