package io.github.esteira.gateway.experiment;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The place of an experiment's key in [0, 1), by which the inference service assigns a variant:
 * the first 8 bytes, big-endian, of SHA-256(salt + "\n" + key), divided by 2^64. Of the 64 bits the
 * upper 53 count, so many as a double holds. The inference service computes the same; both are held
 * to the vectors in {@code assignment.json}.
 */
final class ExperimentBucket {

	private ExperimentBucket() {
	}

	static double of(String salt, String key) {
		long first = ByteBuffer.wrap(sha256(salt + "\n" + key)).getLong();
		return (first >>> 11) * 0x1.0p-53;
	}

	private static byte[] sha256(String text) {
		try {
			return MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
		}
		catch (NoSuchAlgorithmException impossible) {
			throw new AssertionError("every Java platform has SHA-256", impossible);
		}
	}

}
