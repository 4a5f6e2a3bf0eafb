package io.github.esteira.gateway.prediction;

import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * How large a prediction request may be.
 *
 * @param maxBodySize the largest body that is read
 * @param maxInstances the largest number of rows in one request
 */
@Validated
@ConfigurationProperties("gateway.prediction")
record PredictionProperties(@DefaultValue("1MB") @NotNull DataSize maxBodySize,
		@DefaultValue("1000") @Min(1) int maxInstances) {

	@AssertTrue(message = "max-body-size must be between 1B and 1GB, because a body is held in memory")
	boolean isMaxBodySizeSensible() {
		return this.maxBodySize == null || this.maxBodySize.toBytes() >= 1
				&& this.maxBodySize.compareTo(DataSize.ofGigabytes(1)) <= 0;
	}

}
