package io.github.esteira.gateway.prediction;

import java.io.ByteArrayInputStream;
import java.io.IOException;

import io.github.esteira.gateway.problem.Problem;

import org.springframework.cloud.gateway.server.mvc.common.MvcUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import org.springframework.web.servlet.function.HandlerFilterFunction;
import org.springframework.web.servlet.function.HandlerFunction;
import org.springframework.web.servlet.function.ServerRequest;
import org.springframework.web.servlet.function.ServerResponse;

/**
 * Reads the body once, within its limit, refuses what the inference service could only refuse too,
 * and keeps it so that a connection that failed can be tried again.
 */
@Component
class PredictionBodyFilter implements HandlerFilterFunction<ServerResponse, ServerResponse> {

	private final int maxBodySize;

	private final PredictionShape shape;

	PredictionBodyFilter(PredictionProperties properties) {
		this.maxBodySize = Math.toIntExact(properties.maxBodySize().toBytes());
		this.shape = new PredictionShape(properties.maxInstances());
	}

	@Override
	public ServerResponse filter(ServerRequest request, HandlerFunction<ServerResponse> next) throws Exception {
		checkContentType(request);
		byte[] body = read(request);
		this.shape.check(body);
		MvcUtils.putAttribute(request, MvcUtils.CACHED_REQUEST_BODY_ATTR, new ByteArrayInputStream(body));
		return next
			.handle(ServerRequest.from(request).headers(headers -> headers.setContentLength(body.length)).build());
	}

	private static void checkContentType(ServerRequest request) {
		if (!isJson(request)) {
			throw new Problem(HttpStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type",
					"The body must be sent as application/json.")
				.header("Accept-Post", MediaType.APPLICATION_JSON_VALUE);
		}
		if (request.headers().firstHeader(HttpHeaders.CONTENT_ENCODING) != null) {
			throw new Problem(HttpStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-content-encoding",
					"The body must be sent uncompressed.")
				.header(HttpHeaders.ACCEPT_ENCODING, "identity");
		}
	}

	private static boolean isJson(ServerRequest request) {
		try {
			return request.headers().contentType().filter(MediaType.APPLICATION_JSON::equalsTypeAndSubtype).isPresent();
		}
		catch (InvalidMediaTypeException notAType) {
			return false;
		}
	}

	private byte[] read(ServerRequest request) {
		if (request.headers().contentLength().orElse(0) > this.maxBodySize) {
			throw tooLarge();
		}
		try {
			byte[] body = request.servletRequest().getInputStream().readNBytes(this.maxBodySize + 1);
			if (body.length > this.maxBodySize) {
				throw tooLarge();
			}
			return body;
		}
		catch (IOException broken) {
			throw new Problem(HttpStatus.BAD_REQUEST, "unreadable-body", "The body could not be read.", broken);
		}
	}

	private Problem tooLarge() {
		return new Problem(HttpStatus.CONTENT_TOO_LARGE, "body-too-large",
				"The body must not be larger than " + this.maxBodySize + " bytes.");
	}

}
