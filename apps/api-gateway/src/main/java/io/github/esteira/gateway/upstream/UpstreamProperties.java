package io.github.esteira.gateway.upstream;

import java.net.URI;
import java.time.Duration;

import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import org.hibernate.validator.constraints.time.DurationMin;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * Where the inference service is and how long the gateway waits for it.
 *
 * @param baseUrl scheme, host and port of the inference service
 * @param connectTimeout the longest wait for a connection
 * @param responseTimeout the longest wait for a whole answer, the connection included
 * @param connectAttempts how often a connection is tried; a request that was sent is never repeated
 * @param maxAnswerSize the largest answer that is passed on
 */
@Validated
@ConfigurationProperties("gateway.upstream")
public record UpstreamProperties(@DefaultValue("http://inference-service:8080") @NotNull URI baseUrl,
		@DefaultValue("1s") @NotNull @DurationMin(millis = 1) Duration connectTimeout,
		@DefaultValue("10s") @NotNull @DurationMin(millis = 1) Duration responseTimeout,
		@DefaultValue("3") @Min(1) @Max(10) int connectAttempts,
		@DefaultValue("8MB") @NotNull DataSize maxAnswerSize) {

	@AssertTrue(message = "base-url must be http(s)://host[:port] without path, query or user")
	boolean isBaseUrlPlain() {
		return this.baseUrl == null
				|| this.baseUrl.toString().matches("https?://[^/?#@]+/?") && this.baseUrl.getHost() != null;
	}

	@AssertTrue(message = "max-answer-size must be between 1B and 1GB, because an answer is held in memory")
	boolean isMaxAnswerSizeSensible() {
		return this.maxAnswerSize == null || this.maxAnswerSize.toBytes() >= 1
				&& this.maxAnswerSize.compareTo(DataSize.ofGigabytes(1)) <= 0;
	}

	@AssertTrue(message = "connect-timeout must be shorter than response-timeout, which includes it")
	boolean isConnectTimeoutShorter() {
		return this.connectTimeout == null || this.responseTimeout == null
				|| this.connectTimeout.compareTo(this.responseTimeout) < 0;
	}

}
