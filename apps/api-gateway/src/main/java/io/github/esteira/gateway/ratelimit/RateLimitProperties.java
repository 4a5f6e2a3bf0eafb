package io.github.esteira.gateway.ratelimit;

import java.time.Duration;

import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import org.hibernate.validator.constraints.time.DurationMin;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * What one client may ask of one instance of the gateway.
 *
 * @param requests how many requests a client may send in a period, and at once after a pause
 * @param period the time in which that many requests are granted anew, evenly spread
 * @param maxClients how many clients are remembered; beyond it those seldom seen are forgotten first
 */
@Validated
@ConfigurationProperties("gateway.rate-limit")
record RateLimitProperties(@DefaultValue("100") @Min(1) long requests,
		@DefaultValue("10s") @NotNull @DurationMin(millis = 1) Duration period,
		@DefaultValue("100000") @Min(1) long maxClients) {
}
